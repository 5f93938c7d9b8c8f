/**
 * Asks one DNS server for the records of a name.
 */

import { Resolver } from "node:dns/promises";

/** The kinds of records that can be asked for. */
export type RecordType = "A" | "AAAA" | "MX" | "NS" | "SRV";

/** One record: an address or a name, with a port for SRV. */
export interface NameRecord {
  readonly value: string;
  /** Of SRV records; 0 of others. */
  readonly port: number;
}

/** What a server says: records, perhaps none; or that there is no such name. */
export type NameAnswer = readonly NameRecord[] | "no such name";

/** Asks `server` (`host` or `host:port`). Rejects when it gives no answer worth the name. */
export async function askNameServer(server: string, name: string, type: RecordType): Promise<NameAnswer> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([server]);
  try {
    return await records(resolver, name, type);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENODATA") return [];
    if (code === "ENOTFOUND") return "no such name";
    throw error;
  }
}

async function records(resolver: Resolver, name: string, type: RecordType): Promise<readonly NameRecord[]> {
  const plain = (values: readonly string[]): NameRecord[] => values.map((value) => ({ value, port: 0 }));
  switch (type) {
    case "A":
      return plain(await resolver.resolve4(name));
    case "AAAA":
      return plain(await resolver.resolve6(name));
    case "NS":
      return plain(await resolver.resolveNs(name));
    case "MX":
      return plain((await resolver.resolveMx(name)).map(({ exchange }) => exchange));
    case "SRV":
      return (await resolver.resolveSrv(name)).map(({ name: value, port }) => ({ value, port }));
  }
}
