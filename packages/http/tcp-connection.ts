/**
 * A connection that carries bytes both ways, for protocols that are not HTTP.
 */

import { connect } from "node:net";
import { networkText } from "./fetch-error.ts";

/** What a connection tells. */
export interface TcpListener {
  onOpen(): void;
  /** The bytes are the listener's. */
  onBytes(bytes: Uint8Array): void;
  /** The end, said once: null when the other side closed it in order. */
  onEnd(error: Error | null): void;
}

/** An open connection, or one being made. */
export interface TcpConnection {
  write(bytes: Uint8Array): void;
  /** Ends it at once; `onEnd` is called no more. */
  close(): void;
}

/** Opens a connection. Faults are told in Go's words. */
export function openTcp(host: string, port: number, listener: TcpListener): TcpConnection {
  const socket = connect({ host, port });
  let failure: Error | null = null;
  let isClosed = false;
  socket.setNoDelay(true);
  socket.on("connect", () => listener.onOpen());
  socket.on("data", (bytes) => listener.onBytes(bytes));
  socket.on("error", (error) => {
    failure = new Error(networkText(error), { cause: error });
  });
  socket.on("close", () => {
    if (!isClosed) listener.onEnd(failure);
    isClosed = true;
  });
  return {
    write: (bytes) => void socket.write(bytes),
    close: () => {
      isClosed = true;
      socket.destroy();
    },
  };
}
