/** Where the compiler and what it needs are in Pyodide's file system. */
export const APP = "/app";
/** The environment of Python, the same where modules are packed and where they run. */
export const ENV = { HOME: "/home/pyodide", PYDANTIC_DISABLE_PLUGINS: "1" };
