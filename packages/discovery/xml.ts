/**
 * XML as the APIs of Amazon and Eureka write it: elements, attributes, text. No document types; entities
 * are the five of the standard and numbers.
 */

/** An element. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, entities resolved. */
  readonly text: string;
  /** All that stands between the tags, as written. */
  readonly inner: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly startAt: number;
  text: string;
}

const maxDepth = 200;
const token = new RegExp(
  String.raw`<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[([^]*?)\]\]>|<!DOCTYPE[^>]*>` +
    String.raw`|<\/([^\s>]+)\s*>|<([^\s\/>]+)([^>]*?)(\/?)>`,
  "gu",
);

/** The root element of a document. Throws when it is none. */
export function parseXml(document: string): XmlElement {
  const stack: Open[] = [];
  let root: XmlElement | null = null;
  let textAt = 0;
  const close = (open: Open, innerEnd: number): void => {
    const { name, attributes, children, text, startAt } = open;
    const element = { name, attributes, children, text, inner: document.slice(startAt, innerEnd) };
    const parent = stack.at(-1);
    if (parent === undefined) root ??= element;
    else parent.children.push(element);
  };
  for (const match of document.matchAll(token)) {
    const [all, data, closing, opening, attributes = "", selfClosing] = match;
    const current = stack.at(-1);
    if (current !== undefined) current.text += unescaped(document.slice(textAt, match.index)) + (data ?? "");
    textAt = match.index + all.length;
    if (closing !== undefined) {
      const open = stack.pop();
      if (open?.name !== closing) throw new Error(`XML syntax error: element </${closing}> closes nothing`);
      close(open, match.index);
    } else if (opening !== undefined) {
      const open = {
        name: opening,
        attributes: attributesOf(attributes),
        children: [],
        startAt: textAt,
        text: "",
      };
      if (selfClosing === "/") close(open, textAt);
      else stack.push(open);
      if (stack.length > maxDepth) throw new Error("XML syntax error: too deep");
    }
  }
  if (root === null || stack.length > 0) throw new Error("XML syntax error: unexpected EOF");
  return root;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu)) {
    found.set(name, unescaped(double ?? single ?? ""));
  }
  return found;
}

const entities = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/gu, (all, hex, decimal, name) => {
    if (name !== undefined) return entities.get(name as string) ?? all;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

/** The child called `name`. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The children called `name`. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The text under a chain of names, undefined when one of them is absent. */
export function textAt(element: XmlElement | undefined, ...names: readonly string[]): string | undefined {
  let current = element;
  for (const name of names) current = childOf(current, name);
  return current?.text;
}
