/** A text in the address of the page: `#text=` and what CompressionStream makes of it, in base64 for addresses. */

/** How many bytes of text a link may hold. */
const MOST = 1 << 20;

async function through(data: Uint8Array<ArrayBuffer>, by: GenericTransformStream): Promise<Uint8Array<ArrayBuffer>> {
  const reader = (new Blob([data]).stream().pipeThrough(by) as ReadableStream<Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > MOST) {
      void reader.cancel();
      throw new Error("it is longer than a network could be");
    }
    parts.push(part.value);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

export async function written(text: string): Promise<string> {
  const data = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  const bytes = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The text of a link. Rejects where it holds none. */
export async function read(link: string): Promise<string> {
  const bytes = atob(link.replaceAll("-", "+").replaceAll("_", "/"));
  const data = await through(Uint8Array.from(bytes, (char) => char.charCodeAt(0)), new DecompressionStream("deflate-raw"));
  return new TextDecoder("utf-8", { fatal: true }).decode(data);
}
