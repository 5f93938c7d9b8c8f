/**
 * Targets that other programs write into files: `file_sd_configs`. Files are read when their directory
 * changes, and at every refresh interval besides, since file events get lost.
 *
 * Invariants
 *  - A file that cannot be read or understood keeps the targets it had, and is counted.
 *  - A file that is gone, or holds fewer groups than before, removes what it no longer says.
 */

import { duration, text, withDefault, type Decoder } from "@narthex/config/decode";
import { decodeDocument } from "@narthex/config/decode";
import { list, object, type Section } from "@narthex/config/decode-section";
import { directoryOf, expandGlob } from "@narthex/config/file-paths";
import { parseYaml } from "@narthex/config/yaml-document";
import { Labels, quoteGo } from "@narthex/model/labels";
import type { Timer } from "@narthex/platform/clock";
import type { Watch } from "@narthex/platform/watch";
import type { Mechanism, MechanismConfig, MechanismContext, UpdateGroups } from "../mechanism.ts";
import { groupFrom, groupSection, type GroupSection, type TargetGroup } from "../target-group.ts";
import { groupsFromJson } from "../target-json.ts";

const fields = { files: list(text), refresh_interval: withDefault(duration, 300_000) } as const;

/** A section of `file_sd_configs`. */
export type FileSection = Section<typeof fields>;

const fileName = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/u;

/** Reads a section of `file_sd_configs`. */
export const fileSection: Decoder<FileSection> = object("file.plain", fields, ({ files }) => {
  if (files.length === 0)
    throw new Error("file service discovery config must contain at least one path name");
  const wrong = files.find((name) => !fileName.test(name));
  if (wrong !== undefined) throw new Error(`path name ${quoteGo(wrong)} is not valid for file discovery`);
});

/** The mechanism of a section; `join` makes its paths absolute. */
export function fileMechanism(section: FileSection, join: (file: string) => string): MechanismConfig {
  const patterns = section.files.map(join);
  const intervalMs = section.refresh_interval;
  return {
    name: "file",
    identity: `file ${JSON.stringify([patterns, intervalMs])}`,
    create: (context) => new FileDiscovery(patterns, intervalMs, context),
  };
}

/** Changes that come close together are read once. */
const settleMs = 50;
/** Groups above this are not parsed: such a file is a mistake. */
const maxFileBytes = 512 * 1_048_576;

class FileDiscovery implements Mechanism {
  readonly #patterns: readonly string[];
  readonly #intervalMs: number;
  readonly #context: MechanismContext;
  readonly #watches = new Map<string, Watch>();
  /** Files of the last refresh with how many groups each held. */
  #known = new Map<string, number>();
  #settling: Timer | null = null;

  constructor(patterns: readonly string[], intervalMs: number, context: MechanismContext) {
    this.#patterns = patterns;
    this.#intervalMs = intervalMs;
    this.#context = context;
  }

  async run(update: UpdateGroups, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#refresh(update);
      this.#watchDirectories(() => this.#refresh(update), signal);
      await this.#context.clock.sleep(this.#intervalMs, signal);
    }
    this.#settling?.stop();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #refresh(update: UpdateGroups): void {
    const { clock, disk, metrics, logger } = this.#context;
    const startMs = clock.monotonicMs();
    const found = new Map<string, number>();
    const groups: TargetGroup[] = [];
    for (const file of this.#patterns.flatMap((pattern) => expandGlob(disk, pattern))) {
      try {
        const read = this.#readFile(file);
        groups.push(...read);
        found.set(file, read.length);
      } catch (error) {
        metrics.fileReadError();
        logger.error("Error reading file", { path: file, err: error });
        found.set(file, this.#known.get(file) ?? 0);
      }
    }
    groups.push(...this.#removed(found));
    this.#known = found;
    metrics.fileScan((clock.monotonicMs() - startMs) / 1000);
    update(groups);
  }

  /** Empty groups in place of those that are no longer said. */
  #removed(found: ReadonlyMap<string, number>): TargetGroup[] {
    const removed: TargetGroup[] = [];
    for (const [file, count] of this.#known) {
      const left = found.get(file);
      if (left === undefined) this.#context.metrics.fileModified(file, null);
      for (let i = left ?? 0; i < count; i++) {
        removed.push({ source: `${file}:${i}`, targets: [], labels: Labels.empty });
      }
    }
    return removed;
  }

  #readFile(file: string): TargetGroup[] {
    const { disk, metrics } = this.#context;
    const facts = disk.stat(file);
    if (facts !== null && facts.sizeBytes > maxFileBytes)
      throw new Error(`${file} is larger than ${maxFileBytes} bytes`);
    const content = new TextDecoder().decode(disk.readFile(file));
    const sections = /\.json$/iu.test(file) ? groupsFromJson(content) : yamlGroups(content, file);
    if (facts !== null) metrics.fileModified(file, Math.floor(facts.modifiedMs / 1000));
    return sections.map((section, index) =>
      groupFrom(section, `${file}:${index}`, [["__meta_filepath", file]]),
    );
  }

  #watchDirectories(refresh: () => void, signal: AbortSignal): void {
    const { clock, metrics, logger, watch } = this.#context;
    const onChange = (): void => {
      this.#settling?.stop();
      if (!signal.aborted) this.#settling = clock.after(settleMs, refresh);
    };
    for (const directory of new Set(this.#patterns.map(directoryOf))) {
      if (this.#watches.has(directory)) continue;
      const lose = (error: unknown): void => {
        this.#watches.get(directory)?.close();
        this.#watches.delete(directory);
        metrics.fileWatcherError();
        logger.error("Error adding file watch", { path: directory, err: error });
      };
      try {
        this.#watches.set(directory, watch(directory, onChange, lose));
      } catch (error) {
        lose(error);
      }
    }
  }
}

const groupList = list(groupSection, "nil target group item found");

function yamlGroups(content: string, file: string): readonly GroupSection[] {
  return decodeDocument(parseYaml(content, file, ""), groupList);
}
