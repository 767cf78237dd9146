/** Where the compiler and what it needs are in Pyodide's file system, and the part of it that is WebAssembly. */
export const APP = "/app";
export const CORE = `${APP}/pydantic_core/_pydantic_core.cpython-314-wasm32-emscripten.so`;

/**
 * A Pyodide that has Pydantic's core before Python begins. So memory is laid out alike where it is written down and where
 * it is taken up again: Pyodide's snapshots have no libraries in them that were loaded later.
 *
 * @param {(settings: any) => Promise<any>} create what makes Pyodide's module
 * @param {string} core where the library is
 * @param {() => Promise<number>} size how many bytes of memory will be taken up
 * @returns {(settings: any) => Promise<any>}
 */
export function withCore(create, core, size) {
  return async (settings) => {
    const locate = settings.locateFile;
    settings.dynamicLibraries = [CORE];
    settings.locateFile = (/** @type {string} */ path) => (path === CORE ? core : locate(path));
    const made = await create(settings);
    const needed = await size();
    if (made.HEAP8.length < needed) made.growMemory(needed);
    return made;
  };
}

/**
 * How many bytes of memory a snapshot has: all but its head, whose length is its second number.
 *
 * @param {Uint8Array} snapshot
 */
export function memoryOf(snapshot) {
  return snapshot.length - new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true);
}
