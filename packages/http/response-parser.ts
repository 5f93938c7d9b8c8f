/**
 * Reads one HTTP/1.x response out of the bytes of a connection, as they come.
 *
 *   socket reads → RESPONSE PARSER → client (status, body)
 *
 * The body is copied out of the read buffer, into one block when its length is announced. What Go's net/http
 * takes is taken: bare line feeds, HTTP/1.0, bodies that end with the connection; and refused what it
 * refuses.
 *
 * Lifetime: one per response; `push` may be given views that the caller overwrites afterwards.
 */

/** The response is none. The message is Go's. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

const State = {
  Head: 0,
  Length: 1,
  ToEnd: 2,
  ChunkSize: 3,
  ChunkData: 4,
  ChunkEnd: 5,
  Trailer: 6,
  Done: 7,
} as const;
type State = (typeof State)[keyof typeof State];

const maxHeadBytes = 1_048_576;
const maxLineBytes = 4_096;
/** A body announced longer than this is collected as it comes, not in a block of its announced length. */
const maxBlockBytes = 16 * 1_048_576;

/** A response as it comes, over whichever version of HTTP. */
export interface IncomingResponse {
  readonly status: number;
  readonly statusText: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly location: string;
  readonly bodyBytes: number;
  readonly hasHead: boolean;
  header(name: string): string;
  body(): readonly Uint8Array[];
}

/** One response. */
export class ResponseParser implements IncomingResponse {
  status = 0;
  /** `404 Not Found`, as the server wrote it. */
  statusText = "";
  contentType = "";
  contentEncoding = "";
  location = "";
  /** Whether the connection can serve another request. */
  keepsAlive = false;
  /** Bytes of the body so far, as sent. */
  bodyBytes = 0;
  /** Takes the body as it comes, in place of keeping it; the bytes are the taker's. */
  sink: ((bytes: Uint8Array) => void) | null = null;
  #headText = "";
  readonly #chunks: Uint8Array[] = [];
  #state: State = State.Head;
  /** Bytes of a head or line that is not complete yet. */
  #pending: Uint8Array = new Uint8Array(0);
  /** What is still missing of the body or of its chunk. */
  #missing = 0;
  #block: Uint8Array | null = null;
  #blockFilled = 0;

  /** Whether the head is complete. */
  get hasHead(): boolean {
    return this.#state !== State.Head;
  }

  get isDone(): boolean {
    return this.#state === State.Done;
  }

  /** A header's value, "" when absent; of several the first. `name` in lower case. */
  header(name: string): string {
    const line = this.#headText.split(/\r?\n/u).find((text) => text.toLowerCase().startsWith(`${name}:`));
    return line === undefined ? "" : line.slice(name.length + 1).trim();
  }

  /** The body; when it is complete. */
  body(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Takes bytes and returns how many it used: all but those behind the end. Throws `ResponseError`. */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#state !== State.Done) at = this.#step(bytes, at);
    return at;
  }

  /** The connection ended. Throws `ResponseError` when the response is not complete. */
  end(): void {
    if (this.#state === State.ToEnd) this.#state = State.Done;
    if (this.#state === State.Done) return;
    const isEmpty = this.#state === State.Head && this.#pending.length === 0;
    throw new ResponseError(isEmpty ? "EOF" : "unexpected EOF");
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case State.Head:
        return this.#takeHead(bytes, at);
      case State.Length:
      case State.ChunkData:
        return this.#takeBody(bytes, at);
      case State.ToEnd:
        this.#keep(bytes.subarray(at));
        return bytes.length;
      default:
        return this.#takeLine(bytes, at);
    }
  }

  #takeHead(bytes: Uint8Array, at: number): number {
    const joined =
      this.#pending.length === 0 ? bytes.subarray(at) : Buffer.concat([this.#pending, bytes.subarray(at)]);
    const end = headEnd(joined);
    if (end < 0) {
      if (joined.length > maxHeadBytes) throw broken("response headers exceeded 1048576 bytes");
      this.#pending = Uint8Array.from(joined);
      return bytes.length;
    }
    const used = end - this.#pending.length;
    this.#pending = new Uint8Array(0);
    this.#readHead(latin1(joined, 0, end));
    return at + used;
  }

  #readHead(head: string): void {
    const lines = head.split(/\r?\n/u);
    this.#headText = head;
    const match = /^HTTP\/1\.([01]) ([0-9]{3})(?: (.*))?$/u.exec(lines[0] ?? "");
    if (match === null) throw broken(`malformed HTTP response ${JSON.stringify(lines[0])}`);
    this.status = Number(match[2]);
    // An interim answer: the real one follows.
    if (this.status >= 100 && this.status < 200) return;
    this.statusText = `${this.status}${match[3] === undefined ? "" : ` ${match[3]}`}`;
    this.keepsAlive = match[1] === "1";
    let length: number | null = null;
    let isChunked = false;
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i] as string;
      if (line === "") continue;
      const colonAt = line.indexOf(":");
      if (colonAt <= 0) throw broken(`malformed MIME header line: ${line}`);
      const value = line.slice(colonAt + 1).trim();
      switch (line.slice(0, colonAt).toLowerCase()) {
        case "content-type":
          this.contentType = value;
          break;
        case "content-encoding":
          this.contentEncoding = value.toLowerCase();
          break;
        case "location":
          this.location = value;
          break;
        case "connection":
          this.#readConnection(value.toLowerCase());
          break;
        case "transfer-encoding":
          if (value.toLowerCase() !== "chunked")
            throw broken(`unsupported transfer encoding: ${JSON.stringify(value)}`);
          isChunked = true;
          break;
        case "content-length":
          length = readLength(value, length);
          break;
        default:
      }
    }
    this.#startBody(isChunked, length);
  }

  #readConnection(value: string): void {
    if (/(?:^|[, ])close(?:[, ]|$)/u.test(value)) this.keepsAlive = false;
    else if (/(?:^|[, ])keep-alive(?:[, ]|$)/u.test(value)) this.keepsAlive = true;
  }

  #startBody(isChunked: boolean, length: number | null): void {
    if (this.status === 204 || this.status === 304 || (!isChunked && length === 0)) {
      this.#state = State.Done;
    } else if (isChunked) {
      this.#state = State.ChunkSize;
    } else if (length === null) {
      this.keepsAlive = false;
      this.#state = State.ToEnd;
    } else {
      this.#missing = length;
      if (length <= maxBlockBytes && this.sink === null) this.#block = Buffer.allocUnsafeSlow(length);
      this.#state = State.Length;
    }
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    this.#keep(bytes.subarray(at, end));
    if (this.#missing === 0) {
      if (this.#block !== null) this.#chunks.push(this.#block);
      this.#state = this.#state === State.Length ? State.Done : State.ChunkEnd;
    }
    return end;
  }

  #keep(bytes: Uint8Array): void {
    this.bodyBytes += bytes.length;
    if (this.sink !== null) {
      this.sink(Uint8Array.from(bytes));
      return;
    }
    if (this.#block === null) {
      this.#chunks.push(Uint8Array.from(bytes));
      return;
    }
    this.#block.set(bytes, this.#blockFilled);
    this.#blockFilled += bytes.length;
  }

  /** Lines between chunks: sizes, the empty line behind each, trailers. */
  #takeLine(bytes: Uint8Array, at: number): number {
    const feedAt = bytes.indexOf(10, at);
    const end = feedAt < 0 ? bytes.length : feedAt + 1;
    const line = latin1(this.#pending, 0, this.#pending.length) + latin1(bytes, at, end);
    if (line.length > maxLineBytes) throw broken("chunked line too long");
    if (feedAt < 0) {
      this.#pending = Buffer.from(line, "latin1");
      return end;
    }
    this.#pending = new Uint8Array(0);
    this.#readLine(line.replace(/\r?\n$/u, ""));
    return end;
  }

  #readLine(line: string): void {
    if (this.#state === State.ChunkEnd) {
      if (line !== "") throw broken("malformed chunked encoding");
      this.#state = State.ChunkSize;
    } else if (this.#state === State.Trailer) {
      if (line === "") this.#state = State.Done;
    } else {
      const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/u.exec(line)?.[1];
      if (size === undefined) throw broken("invalid byte in chunk length");
      this.#missing = Number.parseInt(size, 16);
      this.#state = this.#missing === 0 ? State.Trailer : State.ChunkData;
    }
  }
}

function broken(why: string): ResponseError {
  return new ResponseError(`net/http: HTTP/1.x transport connection broken: ${why}`);
}

function readLength(value: string, known: number | null): number {
  const length = /^[0-9]{1,15}$/u.test(value) ? Number(value) : -1;
  if (length < 0 || (known !== null && known !== length))
    throw broken(`bad Content-Length ${JSON.stringify(value)}`);
  return length;
}

/** Where the head ends, behind its empty line; -1 when it does not yet. */
function headEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
