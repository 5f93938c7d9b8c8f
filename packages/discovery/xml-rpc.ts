/**
 * XML-RPC: calls whose parameters and answers are typed values in XML.
 */

import { childOf, childrenOf, parseXml, textAt, type XmlElement } from "./xml.ts";

/** A parameter. */
export type RpcParameter = string | number | readonly RpcParameter[];

/** The body of a call. */
export function writeRpcCall(method: string, parameters: readonly RpcParameter[]): string {
  const shown = parameters.map((value) => `<param><value>${valueXml(value)}</value></param>`).join("");
  const call = `<methodName>${method}</methodName><params>${shown}</params>`;
  return `<?xml version="1.0" encoding="UTF-8"?><methodCall>${call}</methodCall>`;
}

function valueXml(value: RpcParameter): string {
  if (typeof value === "number") return `<int>${value}</int>`;
  if (typeof value === "string") return `<string>${escaped(value)}</string>`;
  return `<array><data>${value.map((one) => `<value>${valueXml(one)}</value>`).join("")}</data></array>`;
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/gu, (char) => `&#${char.charCodeAt(0)};`);
}

/** The value of an answer as plain data. Throws with the fault that the answer tells of. */
export function readRpcAnswer(body: string): unknown {
  const root = parseXml(body);
  const fault = childOf(childOf(root, "fault"), "value");
  if (fault !== undefined) {
    const { faultString = "", faultCode = 0 } = valueOf(fault) as {
      faultString?: string;
      faultCode?: number;
    };
    throw new Error(`error: "${faultString}" code: ${faultCode}`);
  }
  const value = childOf(childOf(childOf(root, "params"), "param"), "value");
  if (value === undefined) throw new Error("the answer holds no value");
  return valueOf(value);
}

function valueOf(value: XmlElement): unknown {
  const typed = value.children[0];
  if (typed === undefined) return value.text;
  switch (typed.name) {
    case "int":
    case "i4":
    case "i8":
    case "double":
      return Number(typed.text);
    case "boolean":
      return typed.text.trim() === "1";
    case "array":
      return childrenOf(childOf(typed, "data"), "value").map(valueOf);
    case "struct":
      return Object.fromEntries(
        childrenOf(typed, "member").map((member) => {
          const inner = childOf(member, "value");
          return [textAt(member, "name") ?? "", inner === undefined ? "" : valueOf(inner)];
        }),
      );
    default:
      return typed.text;
  }
}
