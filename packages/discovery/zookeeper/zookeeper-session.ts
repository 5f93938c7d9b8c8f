/**
 * One session with a ZooKeeper server: reads nodes and their children, and is told when they change.
 *
 *   tree-copy → ZOOKEEPER SESSION → tcp-connection
 *
 * Invariants
 *  - Answers come in the order of the questions; every question ends, with an answer or with the session.
 *  - A ping goes out at a third of the timeout, so that the server keeps the session.
 */

import { openTcp, type TcpConnection } from "@narthex/http/tcp-connection";
import type { Clock, Timer } from "@narthex/platform/clock";
import { FrameReader, FrameSplitter, FrameWriter } from "./frames.ts";

/** Kinds of requests. */
const operations = { getData: 4, getChildren: 8, ping: 11, close: -11 } as const;
const watchXid = -1;
const pingXid = -2;
const noNode = -101;

/** The node does not exist. */
export class NoNodeError extends Error {
  override readonly name = "NoNodeError";
}

/** Who is told. */
export interface SessionListener {
  /** A node that is watched changed, came or went, or its children did. */
  onChange(path: string): void;
  /** The session is over. */
  onEnd(error: Error): void;
}

interface Question {
  readonly xid: number;
  resolve(answer: FrameReader): void;
  reject(error: Error): void;
}

/** A session, being made or open. */
export class ZookeeperSession {
  readonly #connection: TcpConnection;
  readonly #listener: SessionListener;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #splitter = new FrameSplitter();
  readonly #questions: Question[] = [];
  #isOpen = false;
  #isOver = false;
  #why = new Error("the session was closed");
  #xid = 0;
  #timer: Timer;
  #lastHeardMs: number;
  #markOpen: () => void = () => {};
  readonly #opened: Promise<void>;

  constructor(server: string, timeoutMs: number, clock: Clock, listener: SessionListener) {
    this.#listener = listener;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#lastHeardMs = clock.monotonicMs();
    this.#opened = new Promise((resolve) => {
      this.#markOpen = resolve;
    });
    const match = /^(?:\[([^\]]+)\]|([^:]*))(?::([0-9]+))?$/u.exec(server);
    const host = match?.[1] ?? match?.[2] ?? server;
    this.#connection = openTcp(host, Number(match?.[3] ?? 2181), {
      onOpen: () => this.#greet(),
      onBytes: (bytes) => this.#take(bytes),
      onEnd: (error) => this.#end(error ?? new Error("EOF")),
    });
    this.#timer = clock.after(timeoutMs / 3, () => this.#tick());
  }

  /** A node's data; its next change is told. Rejects with `NoNodeError` where there is none. */
  async data(path: string): Promise<Uint8Array> {
    return (await this.#ask(operations.getData, path)).bytes();
  }

  /** The names of a node's children; their next change is told. */
  async children(path: string): Promise<readonly string[]> {
    const answer = await this.#ask(operations.getChildren, path);
    return Array.from({ length: Math.max(0, answer.int()) }, () => answer.text());
  }

  /** Ends the session. */
  close(): void {
    if (this.#isOpen)
      this.#connection.write(
        new FrameWriter()
          .int(++this.#xid)
          .int(operations.close)
          .frame(),
      );
    this.#end(null);
  }

  #greet(): void {
    const hello = new FrameWriter().int(0).long(0n).int(this.#timeoutMs).long(0n).bytes(new Uint8Array(16));
    this.#connection.write(hello.frame());
  }

  async #ask(operation: number, path: string): Promise<FrameReader> {
    await this.#opened;
    if (this.#isOver) throw this.#why;
    const xid = ++this.#xid;
    return new Promise((resolve, reject) => {
      this.#questions.push({ xid, resolve, reject });
      this.#connection.write(new FrameWriter().int(xid).int(operation).text(path).flag(true).frame());
    });
  }

  #take(bytes: Uint8Array): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
    try {
      for (const frame of this.#splitter.push(bytes)) this.#read(new FrameReader(frame));
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #read(frame: FrameReader): void {
    if (!this.#isOpen) {
      frame.int();
      if (frame.int() <= 0) throw new Error("zk: session has been expired by the server");
      this.#isOpen = true;
      this.#markOpen();
      return;
    }
    const xid = frame.int();
    frame.long();
    const code = frame.int();
    if (xid === pingXid) return;
    if (xid === watchXid) {
      const type = frame.int();
      frame.int();
      // -1 tells of the session, not of a node.
      if (type > 0) this.#listener.onChange(frame.text());
      return;
    }
    const question = this.#questions.shift();
    if (question === undefined || question.xid !== xid) {
      question?.reject(new Error("an answer came out of order"));
      throw new Error("an answer came out of order");
    }
    if (code === 0) question.resolve(frame);
    else
      question.reject(
        code === noNode ? new NoNodeError("zk: node does not exist") : new Error(`zk: error ${code}`),
      );
  }

  #tick(): void {
    if (this.#isOver) return;
    if (this.#clock.monotonicMs() - this.#lastHeardMs > this.#timeoutMs) {
      this.#end(new Error("zk: the server does not answer"));
      return;
    }
    if (this.#isOpen) this.#connection.write(new FrameWriter().int(pingXid).int(operations.ping).frame());
    this.#timer = this.#clock.after(this.#timeoutMs / 3, () => this.#tick());
  }

  #end(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.stop();
    this.#connection.close();
    this.#why = error ?? this.#why;
    this.#markOpen();
    for (const question of this.#questions.splice(0)) question.reject(this.#why);
    if (error !== null) this.#listener.onEnd(error);
  }
}
