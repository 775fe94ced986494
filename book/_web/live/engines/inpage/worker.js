// One interpreter in a worker. inpage.js asks by messages { kind, id, ... } and is answered
// { kind: "answer", id, value | error }; between them come { kind: "output", output }.
import { members } from "./archive.js";
import { System } from "./system.js";

const SYSTEM = "wasi_snapshot_preview1";
const LIBRARY = "/usr/local/lib/python315.zip";
const BOOK = "/home/book";
const ENVIRONMENT = [
  "HOME=/tmp",
  "TMPDIR=/tmp",
  "MPLCONFIGDIR=/tmp",
  "MPLBACKEND=module://cellcanvas",
  "OMP_NUM_THREADS=1",
  "PYTHONTZPATH=",
];
const PAGE_BYTES = 65536;

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const say = (text) =>
  postMessage({ kind: "output", output: { output_type: "stream", name: "stderr", text } });

let guest, system, source, flag, good, canStop;

// Whether the page asked to stop: it revokes the blob behind `address`, and then a synchronous
// request for it fails. This needs neither shared memory nor a service worker.
function revoked(address) {
  const request = new XMLHttpRequest();
  try {
    request.open("GET", address, false);
    request.send();
    return request.status !== 200;
  } catch {
    return true;
  }
}

// What the guest says or asks: one frame of JSON, one answer in bytes.
function answer(frame) {
  if (frame.ask === "source") return source;
  if (frame.ask === "interrupted") return flag && revoked(flag) ? "yes" : "no";
  if ("done" in frame) good = frame.done;
  else postMessage({ kind: "output", output: frame });
  return "";
}

function put(bytes) {
  const place = guest.host_alloc(bytes.length || 1) >>> 0;
  if (place) new Uint8Array(guest.memory.buffer).set(bytes, place);
  return place;
}

function call(at, length, toPointer, toLength) {
  const frame = JSON.parse(decode(new Uint8Array(guest.memory.buffer, at >>> 0, length >>> 0)));
  const said = encode(answer(frame));
  const place = put(said);
  if (!place) return -1;
  const view = new DataView(guest.memory.buffer);
  view.setUint32(toPointer >>> 0, place, true);
  view.setUint32(toLength >>> 0, said.length, true);
  return 0;
}

function python(code) {
  const bytes = encode(code);
  return guest.turn(put(bytes), bytes.length);
}

async function start({ module, parts, image, folder = "", interruptible }) {
  // A strict policy may forbid blobs: then nothing can be interrupted, and nothing must seem to be.
  canStop = !revoked(interruptible);
  const remembered = image?.arrayBuffer();
  const cut = LIBRARY.lastIndexOf("/");
  const folders = {
    [LIBRARY.slice(0, cut)]: [[LIBRARY.slice(cut + 1), new Uint8Array(parts.library)]],
    [`${LIBRARY}/matplotlib/mpl-data`]: members(parts.fonts),
    [BOOK]: members(parts.book),
    "/tmp": [],
  };
  system = new System("/usr/local/bin/python.wasm", folders, ENVIRONMENT, say);
  const wanted = WebAssembly.Module.imports(module).filter((each) => each.module === SYSTEM);
  const imports = { [SYSTEM]: system.imports(wanted.map((each) => each.name)), host: { call } };
  const instance = await WebAssembly.instantiate(module, imports);
  guest = instance.exports;
  system.attach(instance);
  if (image) {
    guest.memory.grow((image.size - guest.memory.buffer.byteLength) / PAGE_BYTES);
    new Uint8Array(guest.memory.buffer).set(new Uint8Array(await remembered));
    if (python("__import__('cellrunner').wake()") !== 0) throw new Error("the image does not wake");
  } else {
    guest._initialize();
    const begin = `import sys; sys.path.insert(0, '${BOOK}')`;
    if (python(`${begin}; __import__('cellrunner').start()`) !== 0) throw new Error("Python does not start");
  }
  const place = JSON.stringify(`${BOOK}/book/${folder}`);
  if (python(`import os; os.makedirs(${place}, exist_ok=True); os.chdir(${place})`) !== 0) {
    throw new Error("the page's folder cannot be made");
  }
  return { canStop };
}

const work = {
  start,

  // The memory after the usual imports: the next start copies it and need not import again. Between
  // two turns the guest is nothing else: it has no thread, and its stack is empty.
  image() {
    if (python("__import__('cellrunner').warm()") !== 0) throw new Error("the usual imports fail");
    if (system.open) throw new Error(`${system.open} files are open`);
    return new Blob([guest.memory.buffer]);
  },

  run({ code, interruptible }) {
    source = code;
    flag = canStop ? interruptible : null;
    good = false;
    const status = python("__import__('cellrunner').turn()");
    if (status !== 0) throw new Error(`Python ended with ${status}`);
    return { ok: good, bytes: guest.memory.buffer.byteLength };
  },
};

onmessage = async ({ data: { kind, id, ...rest } }) => {
  try {
    postMessage({ kind: "answer", id, value: await work[kind](rest) });
  } catch (error) {
    postMessage({ kind: "answer", id, error: String(error?.message ?? error) });
  }
};
