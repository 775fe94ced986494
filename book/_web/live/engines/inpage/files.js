// The engine's files: out of the browser's storage, or from the host and then into the storage. Their
// names hold their content's hash, so what is stored is never out of date.

const CACHE = "cs231n-engine";

// What only fails until there is a connection again.
export class NotArrived extends Error {}

// Without a secure address there is no storage for files: then the browser's own cache has to do.
const storage = async () => globalThis.caches?.open(CACHE).catch(() => null);

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

  async here() {
    return Boolean(await (await storage())?.match(this.root + this.paths.python));
  }

  async get(path) {
    const address = this.root + path;
    const kept = await storage();
    const found = await kept?.match(address);
    if (found) return found;
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) throw new NotArrived(`${address}: ${answer?.status ?? "no answer"}`);
    const copy = kept && answer.clone();
    const isKept = copy && kept.put(address, copy).then(() => true, () => false);
    this.keeping.push(isKept);
    return answer;
  }

  // Whether the storage had no room for something that came.
  async full() {
    return (await Promise.all(this.keeping)).includes(false);
  }

  // The compiled program, and the other parts as bytes.
  async all(heard) {
    this.keeping = [];
    const open = async (path, type) =>
      new Response(await unpacked(await this.get(path), heard), { headers: { "Content-Type": type } });
    try {
      const { python, ...rest } = this.paths;
      const module = WebAssembly.compileStreaming(open(python, "application/wasm"));
      const bytes = Object.entries(rest).map(async ([name, path]) => {
        return [name, await (await open(path, "application/zip")).arrayBuffer()];
      });
      const [compiled, ...parts] = await Promise.all([module, ...bytes]);
      this.forgetOthers();
      return { module: compiled, parts: Object.fromEntries(parts) };
    } catch (error) {
      // What came broken must not be taken out of the storage the next time.
      await Promise.allSettled(this.keeping);
      const kept = await storage();
      await Promise.all(Object.values(this.paths).map((path) => kept?.delete(this.root + path)));
      throw error instanceof NotArrived ? error : new NotArrived(error.message);
    }
  }

  // Files of earlier builds of this book.
  async forgetOthers() {
    const kept = await storage();
    const mine = [...Object.values(this.paths), this.image].map((path) => this.root + path);
    for (const { url } of (await kept?.keys()) ?? []) {
      if (url.startsWith(`${this.root}engine/`) && !mine.includes(url)) await kept.delete(url);
    }
  }

  async keptImage() {
    return (await (await storage())?.match(this.root + this.image))?.arrayBuffer();
  }

  async keepImage(image) {
    await (await storage())?.put(this.root + this.image, new Response(image));
  }
}
