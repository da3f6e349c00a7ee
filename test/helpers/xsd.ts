import { parseXml, type XmlElement } from "./xml.ts";

/**
 * Holds a document to an XML Schema: as much of XSD as junit.xsd uses (sequence, choice, occurrence, extension, attributes,
 * restrictions by pattern, length and base type). A construct that it does not know is an error, not a pass.
 */
export function xsdFlaws(schema: string, document: string): string[] {
  const root = parseXml(schema);
  const element = parseXml(document);
  const types = new Map(
    root.children.filter(({ name }) => name.endsWith("Type")).map((type) => [type.attributes["name"], type]),
  );
  const declared = root.children.find(
    (child) => child.name === "xs:element" && child.attributes["name"] === element.name,
  );
  return declared ? elementFlaws(element, declared, types) : [`no element ${element.name}`];
}

type Types = ReadonlyMap<string | undefined, XmlElement>;

const inner = (node: XmlElement, name: string) => node.children.find((child) => child.name === name);
const particle = (node: XmlElement) => inner(node, "xs:sequence") ?? inner(node, "xs:choice");

function elementFlaws(element: XmlElement, declared: XmlElement, types: Types): string[] {
  const named = declared.attributes["type"];
  const type = named === undefined ? declared : types.get(named);
  const complex = type?.name === "xs:complexType" ? type : type && inner(type, "xs:complexType");
  const flaws = complex
    ? complexFlaws(element, complex, types)
    : simpleFlaws(element.text, named, type && inner(type, "xs:simpleType"), types);
  return flaws.map((flaw) => `${element.name}: ${flaw}`);
}

function complexFlaws(element: XmlElement, type: XmlElement, types: Types): string[] {
  const { attributes, content, textType } = contentOf(type, types);
  const known = new Map(attributes.map((attribute) => [attribute.attributes["name"], attribute]));
  const unknown = Object.keys(element.attributes).filter((name) => !known.has(name));
  return [
    ...unknown.map((name) => `unknown attribute ${name}`),
    ...attributes.flatMap((attribute) => attributeFlaws(element, attribute, types)),
    ...(textType === undefined && element.text.trim() !== "" ? [`text: ${element.text.trim()}`] : []),
    ...childFlaws(element.children, content, types),
  ];
}

interface Content {
  readonly attributes: readonly XmlElement[];
  readonly content: XmlElement | undefined;
  /** Type of its text; undefined: only elements. */
  readonly textType: string | undefined;
}

/** With what it inherits. */
function contentOf(type: XmlElement, types: Types): Content {
  const attributes = type.children.filter(({ name }) => name === "xs:attribute");
  const wrapper = inner(type, "xs:complexContent") ?? inner(type, "xs:simpleContent");
  const extension = wrapper && inner(wrapper, "xs:extension");
  if (!extension) return { attributes, content: particle(type), textType: undefined };
  const own = extension.children.filter(({ name }) => name === "xs:attribute");
  const base = extension.attributes["base"] ?? "";
  if (wrapper?.name === "xs:simpleContent") return { attributes: own, content: undefined, textType: base };
  const inherited = types.get(base);
  if (!inherited) throw new Error(`unknown base ${base}`);
  const known = contentOf(inherited, types);
  return { ...known, attributes: [...known.attributes, ...own] };
}

function attributeFlaws({ attributes }: XmlElement, declared: XmlElement, types: Types): string[] {
  const { name = "", use, type } = declared.attributes;
  const value = attributes[name];
  if (value === undefined) return use === "required" ? [`no attribute ${name}`] : [];
  return simpleFlaws(value, type, inner(declared, "xs:simpleType"), types).map((flaw) => `${name}: ${flaw}`);
}

function childFlaws(
  children: readonly XmlElement[],
  content: XmlElement | undefined,
  types: Types,
): string[] {
  const options = content?.children.filter(({ name }) => name === "xs:element") ?? [];
  const flaws: string[] = [];
  let position = 0;
  let chosen = 0;
  for (const option of options) {
    const { name, minOccurs = "1", maxOccurs = "1" } = option.attributes;
    const from = position;
    for (let child = children[position]; child && child.name === name; child = children[position]) {
      flaws.push(...elementFlaws(child, option, types));
      position += 1;
    }
    const amount = position - from;
    chosen += amount > 0 ? 1 : 0;
    if (maxOccurs !== "unbounded" && amount > Number(maxOccurs)) flaws.push(`too many ${name}`);
    if (content?.name === "xs:sequence" && amount < Number(minOccurs)) flaws.push(`no ${name}`);
  }
  if (content?.name === "xs:choice" && chosen > 1) flaws.push("more than one of a choice");
  const [stray] = children.slice(position);
  return stray ? [...flaws, `${stray.name} does not belong here`] : flaws;
}

const BASES: Readonly<Record<string, RegExp>> = {
  "xs:string": /^/,
  "xs:token": /^$|^\S+( \S+)*$/,
  "xs:int": /^-?\d{1,9}$/,
  "xs:decimal": /^[+-]?(\d+(\.\d*)?|\.\d+)$/,
  "xs:dateTime": /^-?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/,
};

function simpleFlaws(
  text: string,
  name: string | undefined,
  own: XmlElement | undefined,
  types: Types,
): string[] {
  const base = name === undefined ? undefined : BASES[name];
  if (base) return base.test(text) ? [] : [`${JSON.stringify(text)} is no ${name}`];
  const restriction = inner(own ?? types.get(name) ?? never(name), "xs:restriction") ?? never(name);
  return [
    ...simpleFlaws(text, restriction.attributes["base"], undefined, types),
    ...restriction.children.flatMap(({ name: facet, attributes: { value = "" } }) => {
      if (facet === "xs:whiteSpace") return [];
      if (facet === "xs:pattern")
        return new RegExp(`^(?:${value})$`).test(text) ? [] : [`${text} is not as ${value}`];
      if (facet === "xs:minLength") return text.length >= Number(value) ? [] : [`shorter than ${value}`];
      return never(facet);
    }),
  ];
}

function never(what: string | undefined): never {
  throw new Error(`this validator does not know ${what}`);
}
