/** Reads one YAML file strictly: one document, no tags, no duplicate keys, bounded aliases and depth. Nothing is guessed. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import type { Place, Problem } from './problems.ts';
import type { MapTree, Tree } from './tree.ts';

export const LIMITS = { bytes: 512 * 1024, depth: 24, nodes: 20_000, aliases: 20 } as const;

const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

export type YamlResult = { tree: MapTree; problems: [] } | { tree: MapTree | undefined; problems: Problem[] };

/** @param file how the file is named in problems, relative to the workspace */
export function readYaml(file: string, text: string): YamlResult {
  const reader = new Reader(file, text);
  const tree = reader.read();
  return { tree, problems: reader.problems };
}

/** Thrown inside the walk when a limit is passed: the rest of the file is not looked at. */
class LimitPassed extends Error {}

class Reader {
  readonly problems: Problem[] = [];
  private readonly lines = new LineCounter();
  private readonly file: string;
  private readonly text: string;
  private nodes = 0;
  private aliases = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  read(): MapTree | undefined {
    if (this.text.length > LIMITS.bytes) {
      this.report(0, `this file is ${this.text.length} bytes long; configuration may have ${LIMITS.bytes}`);
      return undefined;
    }
    const documents = parseAllDocuments(this.text, {
      lineCounter: this.lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'silent',
    });
    const document = documents[0];
    if (!Array.isArray(documents) || document === undefined) {
      this.report(0, 'this file is empty; a record of settings is needed');
      return undefined;
    }
    if (documents.length > 1) {
      this.report(documents[1]?.range?.[0] ?? 0, 'a second YAML document starts here; write one document a file');
    }
    for (const error of document.errors) this.report(error.pos[0], yamlMessage(error));
    return this.root(document);
  }

  private root(document: Document.Parsed): MapTree | undefined {
    try {
      const tree = document.contents === null ? undefined : this.walk(document, document.contents, 0, this.place(0));
      if (tree?.kind === 'map') return tree;
      if (this.problems.length === 0) this.report(0, 'a record of settings (key: value) is needed here');
    } catch (error) {
      if (!(error instanceof LimitPassed)) throw error;
    }
    return undefined;
  }

  private walk(document: Document.Parsed, node: Node, depth: number, keyAt: Place): Tree {
    const offset = node.range?.[0] ?? 0;
    const at = this.place(offset);
    if (++this.nodes > LIMITS.nodes) this.stop(offset, `more than ${LIMITS.nodes} values, aliases expanded`);
    if (depth > LIMITS.depth) this.stop(offset, `values are nested more than ${LIMITS.depth} deep`);
    if (isAlias(node)) {
      if (++this.aliases > LIMITS.aliases) this.stop(offset, `more than ${LIMITS.aliases} aliases in one file`);
      const target = node.resolve(document);
      if (target !== undefined) return { ...this.walk(document, target, depth + 1, keyAt), at, keyAt };
      this.report(offset, `the alias *${node.source} points to nothing`);
      return { kind: 'scalar', value: null, at, keyAt };
    }
    if (node.tag !== undefined)
      this.report(offset, `the tag ${showTag(node.tag)} is not allowed; write the plain value`);
    if (isMap(node)) {
      const entries = new Map<string, Tree>();
      for (const pair of node.items) {
        const key = pair.key as Scalar;
        const keyOffset = key.range?.[0] ?? offset;
        const name = String(key.value);
        if (RESERVED.has(name)) this.report(keyOffset, `the key ${name} is reserved and not allowed`);
        else entries.set(name, this.value(document, pair.value as Node | null, depth + 1, this.place(keyOffset)));
      }
      return { kind: 'map', entries, at, keyAt };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => {
        const start = (item as Node | null)?.range?.[0];
        return this.value(document, item as Node | null, depth + 1, start === undefined ? at : this.place(start));
      });
      return { kind: 'list', items, at, keyAt };
    }
    return { kind: 'scalar', value: this.scalar(node as Scalar, offset), at, keyAt };
  }

  private value(document: Document.Parsed, node: Node | null, depth: number, keyAt: Place): Tree {
    if (node === null) return { kind: 'scalar', value: null, at: keyAt, keyAt };
    return this.walk(document, node, depth, keyAt);
  }

  private scalar(node: Scalar, offset: number): unknown {
    if (isScalar(node) && typeof node.value === 'number' && /^[-+]?0\d/.test(node.source ?? '')) {
      this.report(offset, `${node.source} may mean ${node.value} or the text "${node.source}"; write which`);
    }
    return node.value;
  }

  private place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  private report(offset: number, message: string): void {
    this.problems.push({ ...this.place(offset), path: '', message });
  }

  private stop(offset: number, message: string): never {
    this.report(offset, `${message}; the rest of this file was not read`);
    throw new LimitPassed();
  }
}

function showTag(tag: string): string {
  return tag.replace('tag:yaml.org,2002:', '!!');
}

function yamlMessage(error: { code: string; message: string }): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key is written twice in one record; keep one of them';
  if (error.code === 'RESOURCE_EXHAUSTION') return `values are nested more than ${LIMITS.depth} deep`;
  return `not valid YAML: ${error.message.replace(/\.$/, '')}`;
}
