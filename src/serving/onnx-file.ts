/** Reads just enough of an ONNX file to refuse what must not be loaded, before any of it reaches the runtime. */
import { BufferReader, type Reader } from 'protobufjs/minimal.js';
import { ModelRefused } from './model-errors.ts';

/** The only operator sets that a plain tabular model needs; everything else would be code from elsewhere. */
const allowedDomains = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

/** Field numbers of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto). */
const MODEL = { graph: 7, opsetImport: 8, functions: 25 } as const;
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const;
const NODE = { opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11 } as const;
const TENSOR = { externalData: 13, dataLocation: 14 } as const;

/**
 * Refuses a model that is not one self-contained graph of standard operators.
 *
 * @throws ModelRefused for pickles, zip archives and other formats, external data, model-local functions and operators
 * of other domains, each by name
 */
export function refuseUnsafeOnnx(bytes: Uint8Array): void {
  const format = foreignFormat(bytes);
  if (format) throw new ModelRefused(`it is ${format}, not ONNX; formats that can carry code are never loaded`);
  let graphs = 0;
  try {
    fields(bytes, {
      [MODEL.graph]: (reader) => {
        graphs += 1;
        checkGraph(reader.bytes());
      },
      [MODEL.opsetImport]: (reader) =>
        fields(reader.bytes(), { 1: (domain) => checkDomain(domain.string(), 'an operator set') }),
      [MODEL.functions]: () => {
        throw new ModelRefused('it defines functions of its own');
      },
    });
  } catch (error) {
    if (error instanceof ModelRefused) throw error;
    throw new ModelRefused(`it cannot be read as ONNX (${(error as Error).message})`);
  }
  if (graphs !== 1) throw new ModelRefused(`it holds ${graphs} graphs where an ONNX model holds one`);
}

function checkGraph(bytes: Uint8Array): void {
  fields(bytes, {
    [GRAPH.node]: (reader) => checkNode(reader.bytes()),
    [GRAPH.initializer]: (reader) => checkTensor(reader.bytes()),
    [GRAPH.sparseInitializer]: () => {
      throw new ModelRefused('it has sparse initializers, which are not checked for external data');
    },
  });
}

function checkNode(bytes: Uint8Array): void {
  let operator = 'an operator';
  fields(bytes, {
    [NODE.opType]: (reader) => {
      operator = `the operator ${reader.string()}`;
    },
    [NODE.domain]: (reader) => checkDomain(reader.string(), operator),
    [NODE.attribute]: (reader) =>
      fields(reader.bytes(), {
        [ATTRIBUTE.tensor]: (value) => checkTensor(value.bytes()),
        [ATTRIBUTE.tensors]: (value) => checkTensor(value.bytes()),
        [ATTRIBUTE.graph]: (value) => checkGraph(value.bytes()),
        [ATTRIBUTE.graphs]: (value) => checkGraph(value.bytes()),
      }),
  });
}

function checkTensor(bytes: Uint8Array): void {
  const refuse = () => {
    throw new ModelRefused('it keeps tensors in external files');
  };
  fields(bytes, {
    [TENSOR.externalData]: refuse,
    [TENSOR.dataLocation]: (reader) => {
      if (reader.int32() !== 0) refuse();
    },
  });
}

function checkDomain(domain: string, what: string): void {
  if (!allowedDomains.has(domain)) throw new ModelRefused(`${what} is from the domain "${domain}"`);
}

type Handlers = Readonly<Record<number, (reader: Reader) => void>>;

/** Walks the fields of one protobuf message; a field without a handler is skipped. */
function fields(bytes: Uint8Array, handlers: Handlers): void {
  const reader = new BufferReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const handler = handlers[tag >>> 3];
    if (handler) handler(reader);
    else reader.skipType(tag & 7);
  }
}

function foreignFormat(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (bytes.length === 0) return 'an empty file';
  if (first === 0x80 && second !== undefined && second >= 2 && second <= 5) return 'a Python pickle';
  if (first === 0x50 && second === 0x4b) return 'a zip archive (a joblib, Torch or Keras file)';
  if (first === 0x1f && second === 0x8b) return 'a gzip file';
  if (first === 0x78 && (second === 0x9c || second === 0x01 || second === 0xda)) return 'a compressed joblib file';
  if (first === 0x89 && second === 0x48) return 'an HDF5 file';
  return undefined;
}
