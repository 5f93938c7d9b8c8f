/**
 * The shared files of Amazon's tools, `~/.aws/config` and `~/.aws/credentials`: sections of settings by
 * profile.
 */

import type { MechanismContext } from "../mechanism.ts";

/** Settings of one profile. */
export type Profile = ReadonlyMap<string, string>;

/** Reads a file of sections; names are those in brackets, without a leading `profile`. */
export function parseProfiles(content: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of content.split(/\r?\n/u)) {
    const heading = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/u.exec(line);
    if (heading !== null) {
      const name = heading[1] ?? "";
      current = profiles.get(name) ?? new Map();
      profiles.set(name, current);
      continue;
    }
    const setting = /^([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*(?:[ \t][#;].*)?$/u.exec(line);
    if (setting !== null) current?.set((setting[1] ?? "").toLowerCase(), setting[2] ?? "");
  }
  return profiles;
}

/** The settings of a profile from both files; those for credentials come first. Empty when there are none. */
export function readProfile(name: string, context: MechanismContext): Profile {
  const { environment = process.env, disk } = context;
  const home = environment["HOME"] ?? "";
  const files = [
    environment["AWS_CONFIG_FILE"] || `${home}/.aws/config`,
    environment["AWS_SHARED_CREDENTIALS_FILE"] || `${home}/.aws/credentials`,
  ];
  const settings = new Map<string, string>();
  for (const file of files) {
    if (!disk.exists(file)) continue;
    const profiles = parseProfiles(new TextDecoder().decode(disk.readFile(file)));
    for (const [key, value] of profiles.get(name) ?? []) settings.set(key, value);
  }
  return settings;
}
