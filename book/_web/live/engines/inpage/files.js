// The engine's files: out of the browser's storage, or from the host and then into the storage. Their
// names hold their content's hash, so what is stored is never out of date.

const CACHE = "cs231n-engine";

// What only fails until there is a connection again.
export class NotArrived extends Error {}

// Without a secure address there is no storage for files: then the browser's own cache has to do.
const storage = async () => globalThis.caches?.open(CACHE).catch(() => null);

const TYPES = { wasm: "application/wasm", zip: "application/zip" };
const unpackedName = (path) => path.replace(/\.gz$/, "");
const typeOf = (path) => TYPES[unpackedName(path).split(".").pop()];

// The bytes behind an answer, unpacked. Some hosts unpack a .gz on the way, so the first bytes tell,
// not the name. `heard` is told how many bytes came.
async function unpacked(answer, heard) {
  const reader = answer.body.getReader();
  const { value: first = new Uint8Array() } = await reader.read();
  heard(first.byteLength);
  const rest = new ReadableStream({
    start: (to) => to.enqueue(first),
    async pull(to) {
      const { done, value } = await reader.read();
      if (done) return to.close();
      heard(value.byteLength);
      to.enqueue(value);
    },
  });
  const packed = first[0] === 0x1f && first[1] === 0x8b;
  return packed ? rest.pipeThrough(new DecompressionStream("gzip")) : rest;
}

export class Files {
  // `paths`: by the part of the engine; `python` is the program.
  constructor(root, paths) {
    Object.assign(this, { root, paths, keeping: [] });
    // An image of the memory that this very set of files led to.
    this.image = `engine/image?${Object.values(paths).join("&")}`;
  }

  // The names under which a part may be stored: unpacked, or as it came.
  names(path) {
    return [unpackedName(path), path].map((name) => this.root + name);
  }

  async here() {
    const kept = await storage();
    const found = await Promise.all(this.names(this.paths.python).map((name) => kept?.match(name)));
    return found.some(Boolean);
  }

  // A part of the engine, unpacked.
  async get(path, heard) {
    const [ready, address] = this.names(path);
    const kept = await storage();
    const found = await kept?.match(ready);
    if (found) return found;
    const answer = (await kept?.match(address)) ?? (await this.fetch(address, kept));
    return new Response(await unpacked(answer, heard), { headers: { "Content-Type": typeOf(path) } });
  }

  async fetch(address, kept) {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) throw new NotArrived(`${address}: ${answer?.status ?? "no answer"}`);
    const copy = kept && answer.clone();
    const isKept = copy && kept.put(address, copy).then(() => true, () => false);
    this.keeping.push(isKept);
    return answer;
  }

  // Store unpacked what is stored as it came: the next start need not wait for that.
  async unpack() {
    const kept = await storage();
    for (const path of Object.values(this.paths)) {
      const [ready, address] = this.names(path);
      if (!(await kept?.match(address))) continue;
      await kept.put(ready, await this.get(path, () => {}));
      await kept.delete(address);
    }
  }

  // Whether the storage had no room for something that came.
  async full() {
    return (await Promise.all(this.keeping)).includes(false);
  }

  // The compiled program, and the other parts as bytes.
  async all(heard) {
    this.keeping = [];
    try {
      const { python, ...rest } = this.paths;
      const module = WebAssembly.compileStreaming(this.get(python, heard));
      const bytes = Object.entries(rest).map(async ([name, path]) => {
        return [name, await (await this.get(path, heard)).arrayBuffer()];
      });
      const [compiled, image, ...parts] = await Promise.all([module, this.keptImage(), ...bytes]);
      this.forgetOthers();
      return { module: compiled, image, parts: Object.fromEntries(parts) };
    } catch (error) {
      // What came broken must not be taken out of the storage the next time.
      await Promise.allSettled(this.keeping);
      const kept = await storage();
      const names = Object.values(this.paths).flatMap((path) => this.names(path));
      await Promise.all(names.map((name) => kept?.delete(name)));
      throw error instanceof NotArrived ? error : new NotArrived(error.message);
    }
  }

  // Files of earlier builds of this book.
  async forgetOthers() {
    const kept = await storage();
    const mine = [...Object.values(this.paths), this.image].flatMap((path) => this.names(path));
    for (const { url } of (await kept?.keys()) ?? []) {
      if (url.startsWith(`${this.root}engine/`) && !mine.includes(url)) await kept.delete(url);
    }
  }

  async keptImage() {
    return (await (await storage())?.match(this.root + this.image))?.blob();
  }

  async keepImage(image) {
    await (await storage())?.put(this.root + this.image, new Response(image));
  }
}
