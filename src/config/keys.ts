import { z } from "zod";
import { ConfigSchema } from "./schema.ts";

/** The part of JSON Schema that zod writes for our configuration. */
interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly prefixItems?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** One key of the configuration, as help and error messages show it. */
export interface ConfigKey {
  /** With its group: `train.lr`. */
  readonly name: string;
  /** Undefined: the key must be given. */
  readonly default: unknown;
  readonly description: string;
  /** What it accepts, in words: `whole number from 1 to 4096`. */
  readonly valid: string;
  /** The words it accepts, if it is a choice. */
  readonly choices: readonly string[];
}

/** The JSON Schema of a file of settings, for editors; by default a training configuration's. */
export function configJsonSchema(schema: z.ZodType = ConfigSchema): SchemaNode {
  return z.toJSONSchema(schema, { io: "input" }) as SchemaNode;
}

/** Every key in the order of the schema. */
export function configKeys(schema: z.ZodType = ConfigSchema): readonly ConfigKey[] {
  const visit = (name: string, node: SchemaNode): ConfigKey[] =>
    node.properties
      ? Object.entries(node.properties).flatMap(([key, child]) => visit(name ? `${name}.${key}` : key, child))
      : [describeKey(name, node)];
  return visit("", configJsonSchema(schema));
}

function describeKey(name: string, node: SchemaNode): ConfigKey {
  const parts = [node, ...(node.anyOf ?? [])];
  return {
    name,
    default: node.default,
    description: node.description ?? "",
    valid: describeValid(node),
    choices: parts.flatMap((n) => n.enum ?? n.items?.enum ?? []),
  };
}

function describeValid(node: SchemaNode): string {
  if (node.anyOf) return joinWords(node.anyOf.map(describeValid));
  if (node.enum) return joinWords(node.enum);
  if (node.prefixItems) return `[${node.prefixItems.map(describeValid).join(", ")}]`;
  const types = typeof node.type === "string" ? [node.type] : (node.type ?? []);
  return joinWords(types.map((type) => describeType(type, node)));
}

function describeType(type: string, node: SchemaNode): string {
  if (type === "array") return node.items?.enum ? `list of ${describeValid(node.items)}` : "list of text";
  if (type === "integer") return `whole number${describeRange(node)}`;
  if (type === "number") return `number${describeRange(node)}`;
  return { boolean: "true or false", string: "text", object: "group of keys" }[type] ?? type;
}

function describeRange(node: SchemaNode): string {
  const low = node.minimum !== undefined ? ` from ${node.minimum}` : "";
  const above = node.exclusiveMinimum !== undefined ? ` above ${node.exclusiveMinimum}` : "";
  const below = node.exclusiveMaximum !== undefined ? ` below ${node.exclusiveMaximum}` : "";
  const high = node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER ? ` to ${node.maximum}` : "";
  return low + above + below + high;
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
