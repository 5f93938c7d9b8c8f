import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { askNameServer } from "@narthex/http/name-resolver";
import { firstTargets, refusal, shortNames } from "../test-world.ts";
import { dns, dnsKind, parseResolvConf, searchNames } from "./dns.ts";

const types = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [15, "MX"],
  [28, "AAAA"],
  [33, "SRV"],
]);

function nameBytes(name: string): Buffer {
  const parts = name.split(".").map((part) => Buffer.from([part.length, ...Buffer.from(part)]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function u16(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}

/** The content of a record: `10 20 9100 host` for SRV, `10 host` for MX, an address, a name. */
function recordData(type: string, text: string): Buffer {
  const words = text.split(" ");
  switch (type) {
    case "A":
      return Buffer.from(text.split(".").map(Number));
    case "AAAA":
      return u16(...text.split(":").map((part) => Number.parseInt(part || "0", 16)));
    case "SRV":
      return Buffer.concat([u16(...words.slice(0, 3).map(Number)), nameBytes(words[3] ?? "")]);
    case "MX":
      return Buffer.concat([u16(Number(words[0])), nameBytes(words[1] ?? "")]);
    default:
      return nameBytes(text);
  }
}

/** A small DNS server: `zone` maps `name TYPE` to records, or to a response code. */
async function withNameServer(
  zone: Readonly<Record<string, readonly string[] | number>>,
  run: (server: string, asked: readonly string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    let at = 12;
    const parts: string[] = [];
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      parts.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = types.get(query.readUInt16BE(at + 1)) ?? "?";
    const key = `${parts.join(".")} ${type}`;
    asked.push(key);
    const known = zone[key] ?? 3;
    const [code, records] = typeof known === "number" ? [known, []] : [0, known];
    const answers = records.map((record) => {
      const [, other, content] = /^(?:(CNAME) )?(.*)$/u.exec(record) ?? [];
      const kind = other ?? type;
      const data = recordData(kind, content ?? "");
      const number = [...types].find(([, name]) => name === kind)?.[0] ?? 0;
      return Buffer.concat([u16(0xc00c, number, 1, 0, 60, data.length), data]);
    });
    const head = Buffer.concat([query.subarray(0, 2), u16(0x8180 | code, 1, answers.length, 0, 0)]);
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  try {
    await run(`127.0.0.1:${socket.address().port}`, asked);
  } finally {
    socket.close();
  }
}

async function found(server: string, section: object, search = ""): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  try {
    writeFileSync(join(folder, "resolv.conf"), `nameserver ${server}\n${search}\n`);
    const targets = await firstTargets(dnsKind(join(folder, "resolv.conf"), askNameServer), section);
    return targets.map((target) => shortNames(target, "__meta_dns_"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("each kind of record becomes targets", async () => {
  const zone = {
    "_web._tcp.example.com SRV": ["0 0 9100 a.example.com", "0 0 9200 b.example.com"],
    "a.example.com A": ["192.0.2.1", "192.0.2.2"],
    "a.example.com AAAA": ["2001:db8:0:0:0:0:0:1"],
    "example.com MX": ["10 mail.example.com"],
    "example.com NS": ["ns.example.com"],
  };
  await withNameServer(zone, async (server) => {
    assert.deepEqual(await found(server, { names: ["_web._tcp.example.com"] }), [
      {
        __address__: "a.example.com:9100",
        name: "_web._tcp.example.com",
        srv_record_target: "a.example.com.",
        srv_record_port: "9100",
      },
      {
        __address__: "b.example.com:9200",
        name: "_web._tcp.example.com",
        srv_record_target: "b.example.com.",
        srv_record_port: "9200",
      },
    ]);
    assert.deepEqual(await found(server, { names: ["a.example.com"], type: "a", port: 80 }), [
      { __address__: "192.0.2.1:80", name: "a.example.com" },
      { __address__: "192.0.2.2:80", name: "a.example.com" },
    ]);
    assert.deepEqual(await found(server, { names: ["a.example.com"], type: "AAAA", port: 80 }), [
      { __address__: "[2001:db8::1]:80", name: "a.example.com" },
    ]);
    assert.deepEqual(await found(server, { names: ["example.com"], type: "MX", port: 25 }), [
      { __address__: "mail.example.com:25", name: "example.com", mx_record_target: "mail.example.com." },
    ]);
    assert.deepEqual(await found(server, { names: ["example.com"], type: "NS", port: 53 }), [
      { __address__: "ns.example.com:53", name: "example.com", ns_record_target: "ns.example.com." },
    ]);
  });
});

test("names are searched for, and a name that cannot be asked for is an error", async () => {
  const zone = { "a.one A": 3, "a.two A": ["192.0.2.1"], "bad A": 2, "bad.one A": 3, "bad.two A": 3 };
  const search = "search one two";
  await withNameServer(zone, async (server, asked) => {
    assert.deepEqual(await found(server, { names: ["a"], type: "A", port: 1 }, search), [
      { __address__: "192.0.2.1:1", name: "a" },
    ]);
    assert.deepEqual(asked, ["a.one A", "a.two A"]);
    await assert.rejects(
      found(server, { names: ["bad"], type: "A", port: 1 }, search),
      /could not resolve "bad": all servers responded with errors to at least one search domain/u,
    );
  });
});

test("resolv.conf", () => {
  assert.deepEqual(
    parseResolvConf("# x\nnameserver 10.0.0.1\nnameserver ::1\nsearch a b\noptions ndots:2 x\n"),
    {
      servers: ["10.0.0.1", "::1"],
      search: ["a", "b"],
      ndots: 2,
    },
  );
  assert.deepEqual(searchNames("x.", { search: ["a"], ndots: 1 }), ["x."]);
  assert.deepEqual(searchNames("x", { search: ["a"], ndots: 1 }), ["x.a", "x"]);
  assert.deepEqual(searchNames("x.y", { search: ["a"], ndots: 1 }), ["x.y", "x.y.a"]);
});

test("sections are checked", () => {
  assert.equal(refusal(dns, "{}"), "DNS-SD config must contain at least one SRV record name");
  assert.equal(
    refusal(dns, "{names: [a], type: A}"),
    "a port is required in DNS-SD configs for all record types except SRV",
  );
  assert.equal(refusal(dns, "{names: [a], type: TXT}"), "invalid DNS-SD records type TXT");
});
