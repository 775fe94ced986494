// The system that the interpreter sees: folders in memory, a clock, and no network, thread or process.
import {
  ConsoleStdout,
  Directory,
  File,
  OpenFile,
  PreopenDirectory,
  WASI,
} from "../../../wasi-shim/dist/index.js";

const NOT_IMPLEMENTED = 52;
const NANOSECONDS_PER_MS = 1e6;
// A subscription to poll_oneoff: 48 bytes, of which these are read.
const SUBSCRIPTION = { size: 48, kind: 8, clock: 16, timeout: 24, flags: 40 };

// wasi-libc's access() reads the rights of a folder, which the shim leaves at none.
class Folder extends PreopenDirectory {
  fd_fdstat_get() {
    const { ret, fdstat } = super.fd_fdstat_get();
    fdstat.fs_rights_base = fdstat.fs_rights_inherited = 0xffffffffn;
    return { ret, fdstat };
  }
}

const tree = (files) => {
  const top = new Map();
  for (const [path, bytes] of files) {
    const parts = path.split("/");
    let here = top;
    for (const part of parts.slice(0, -1)) {
      if (!here.has(part)) here.set(part, new Directory(new Map()));
      here = here.get(part).contents;
    }
    here.set(parts.at(-1), new File(bytes));
  }
  return top;
};

export class System {
  // `folders`: the path of each and its files, as [path, bytes]; `say` is given what the program
  // writes when Python cannot speak any more.
  constructor(program, folders, environment, say) {
    const words = () => new ConsoleStdout((data) => say(new TextDecoder().decode(data)));
    const places = Object.entries(folders).map(([path, files]) => new Folder(path, tree(files)));
    this.wasi = new WASI([program], environment, [new OpenFile(new File([])), words(), words(), ...places], { debug: false });
    this.atStart = this.wasi.fds.length;
  }

  // What is handed to a module that asks for these imports.
  imports(wanted) {
    const given = { ...this.wasi.wasiImport, poll_oneoff: (...args) => this.sleep(...args) };
    for (const name of wanted) given[name] ??= () => NOT_IMPLEMENTED;
    return given;
  }

  attach(instance) {
    this.wasi.inst = instance;
  }

  // How many files the program has open.
  get open() {
    return this.wasi.fds.slice(this.atStart).filter(Boolean).length;
  }

  // The shim answers no poll of clocks. Nothing else can happen meanwhile, so this waits.
  sleep(input, output, count, events) {
    const view = new DataView(this.wasi.inst.exports.memory.buffer);
    let least = Infinity;
    for (let at = input; at < input + SUBSCRIPTION.size * count; at += SUBSCRIPTION.size) {
      if (view.getUint8(at + SUBSCRIPTION.kind) !== 0) {
        return this.wasi.wasiImport.poll_oneoff(input, output, count, events);
      }
      let wait = Number(view.getBigUint64(at + SUBSCRIPTION.timeout, true)) / NANOSECONDS_PER_MS;
      const isMoment = view.getUint16(at + SUBSCRIPTION.flags, true) & 1;
      const monotonic = view.getUint32(at + SUBSCRIPTION.clock, true);
      if (isMoment) wait -= monotonic ? performance.now() : Date.now();
      least = Math.min(least, wait);
    }
    for (const until = performance.now() + least; performance.now() < until; );
    view.setBigUint64(output, view.getBigUint64(input, true), true);
    view.setUint16(output + 8, 0, true);
    view.setUint8(output + 10, 0);
    view.setUint32(events, 1, true);
    return 0;
  }
}
