/**
 * What the value of an attribute is: text, a URL, a style, a script, or something that must not be made up.
 */

/** Kinds of values. */
export type AttributeType = "plain" | "url" | "css" | "js" | "srcset" | "html" | "unsafe";

const urls =
  "action archive background cite classid codebase data formaction href icon longdesc manifest poster " +
  "profile src usemap xmlns";
const unsafe =
  "accept-charset async challenge charset content crossorigin defer enctype form formenctype " +
  "formmethod formnovalidate http-equiv keytype language method novalidate pattern rel sandbox type " +
  "value";
const plain =
  "accept alt autocomplete autofocus autoplay border checked class cols colspan contenteditable " +
  "contextmenu controls coords datetime default dir dirname disabled draggable dropzone for " +
  "formtarget headers height hidden high hreflang id ismap kind label lang list loop low max " +
  "maxlength media mediagroup min multiple name open optimum placeholder preload pubdate radiogroup " +
  "readonly required reversed rows rowspan spellcheck scope scoped seamless selected shape size sizes " +
  "span srclang start step tabindex target title width wrap";

function entries(names: string, type: AttributeType): (readonly [string, AttributeType])[] {
  return names.split(" ").map((name) => [name, type] as const);
}

const known: ReadonlyMap<string, AttributeType> = new Map([
  ...entries(urls, "url"),
  ...entries(unsafe, "unsafe"),
  ...entries(plain, "plain"),
  ["srcdoc", "html"],
  ["srcset", "srcset"],
  ["style", "css"],
]);

/** The type of an attribute by its lower-case name; unknown names are judged by what they contain. */
export function attributeType(name: string): AttributeType {
  let short = name;
  if (name.startsWith("data-")) {
    short = name.slice(5);
  } else if (name.includes(":")) {
    if (name.startsWith("xmlns:")) return "url";
    short = name.slice(name.indexOf(":") + 1);
  }
  const type = known.get(short);
  if (type !== undefined) return type;
  if (short.startsWith("on")) return "js";
  return /src|uri|url/u.test(short) ? "url" : "plain";
}

const scriptTypes: ReadonlySet<string> = new Set([
  "",
  "application/ecmascript",
  "application/javascript",
  "application/json",
  "application/ld+json",
  "application/x-ecmascript",
  "application/x-javascript",
  "module",
  "text/ecmascript",
  "text/javascript",
  "text/javascript1.0",
  "text/javascript1.1",
  "text/javascript1.2",
  "text/javascript1.3",
  "text/javascript1.4",
  "text/javascript1.5",
  "text/jscript",
  "text/livescript",
  "text/x-ecmascript",
  "text/x-javascript",
]);

/** Whether a script element of this type holds a script. */
export function isScriptType(type: string): boolean {
  return scriptTypes.has((type.split(";")[0] ?? "").toLowerCase().trim());
}
