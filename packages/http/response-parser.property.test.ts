import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { ResponseError, ResponseParser } from "./response-parser.ts";

/** What the parser makes of a text, cut at the given places: `status body` or the error. */
function read(text: string, cuts: readonly number[] = [], ends = true): string {
  const bytes = Buffer.from(text, "latin1");
  const parser = new ResponseParser();
  const shared = new Uint8Array(bytes.length);
  try {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      // As the connection does: the same buffer for every read.
      const part = shared.subarray(0, to - from);
      part.set(bytes.subarray(from, to));
      if (parser.push(part) < part.length) break;
      part.fill(0);
      from = to;
    }
    if (!parser.isDone && ends) parser.end();
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return error.message.replace("net/http: HTTP/1.x transport connection broken: ", "broken: ");
  }
  const body = Buffer.concat(parser.body()).toString("latin1");
  assert.equal(parser.bodyBytes, body.length);
  return `${parser.statusText} ${parser.contentType}|${body}|${parser.keepsAlive ? "keep" : "close"}`;
}

const ok = "HTTP/1.1 200 OK\r\n";

test("responses", () => {
  const is = (text: string, want: string) => assert.equal(read(text), want, JSON.stringify(text));
  is(`${ok}Content-Length: 3\r\n\r\nabc`, "200 OK |abc|keep");
  is(`${ok}content-length:3\r\ncontent-type: text/plain \r\n\r\nabcdef`, "200 OK text/plain|abc|keep");
  is(`${ok}Connection: close\r\nContent-Length: 0\r\n\r\n`, "200 OK ||close");
  is(`${ok}\r\nall of it`, "200 OK |all of it|close");
  is("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 OK |a|close");
  is("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", "200 OK |a|keep");
  is("HTTP/1.1 204 No Content\r\n\r\n", "204 No Content ||keep");
  is("HTTP/1.1 404\nContent-Length: 2\n\nno", "404 |no|keep");
  is(`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 1\r\n\r\na`, "200 OK |a|keep");
  is(
    `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nt: u\r\n\r\n`,
    "200 OK |abc0123456789|keep",
  );
  is("", "EOF");
  is("HTTP/1.1 200", "unexpected EOF");
  is(`${ok}Content-Length: 3\r\n\r\nab`, "unexpected EOF");
  is("SSH-2.0-OpenSSH\r\n\r\n", 'broken: malformed HTTP response "SSH-2.0-OpenSSH"');
  is(`${ok}nocolon\r\n\r\n`, "broken: malformed MIME header line: nocolon");
  is(`${ok}Content-Length: x\r\n\r\n`, 'broken: bad Content-Length "x"');
  is(`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 'broken: bad Content-Length "2"');
  is(`${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "broken: invalid byte in chunk length");
  is(`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n`, "broken: malformed chunked encoding");
});

function randomResponse(random: SeededRandom): string {
  const body = Array.from({ length: random.below(200) }, () => String.fromCharCode(random.below(256))).join(
    "",
  );
  const extra = random.below(2) === 0 ? "" : "X-Some: thing\r\n";
  switch (random.below(3)) {
    case 0:
      return `${ok}${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
    case 1:
      return `${ok}${extra}\r\n${body}`;
    default: {
      let text = `${ok}${extra}Transfer-Encoding: chunked\r\n\r\n`;
      for (let at = 0; at < body.length;) {
        const size = 1 + random.below(40);
        const part = body.slice(at, at + size);
        text += `${part.length.toString(16)}\r\n${part}\r\n`;
        at += size;
      }
      return `${text}0\r\n\r\n`;
    }
  }
}

test("where reads are cut makes no difference", () =>
  forSeeds(300, (random) => {
    const text = randomResponse(random);
    const cuts = Array.from({ length: random.below(8) }, () => random.below(text.length)).toSorted(
      (a, b) => a - b,
    );
    assert.equal(read(text, cuts), read(text));
    const everywhere = Array.from({ length: text.length }, (_, i) => i);
    assert.equal(read(text, everywhere), read(text));
  }));
