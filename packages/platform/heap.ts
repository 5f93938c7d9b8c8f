/**
 * How the JavaScript heap weighs memory against speed.
 *
 * What grows with series and samples lies outside of it. At a start all series are new, and making them
 * leaves garbage of many times what stays; V8 keeps the pages it had for that, unless it is told to favour
 * size. Later there is little garbage, and speed is worth more.
 */

import { setFlagsFromString } from "node:v8";

/** Whether V8 favours a small heap over speed from now on, in all threads of the process. */
export function favourSmallHeap(isOn: boolean): void {
  setFlagsFromString(isOn ? "--optimize-for-size" : "--no-optimize-for-size");
}
