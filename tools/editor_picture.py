"""The picture of an editor in docs/editors.md: Monaco, the editor of VS Code, with what the language server answers.

    npm install --prefix FOLDER monaco-editor
    python -m tools.editor_picture FOLDER/node_modules/monaco-editor chromium

writes docs/images/editor.png. The text, the colours, sizes, errors and the hover come from the same functions that
`cnndsl lsp` calls.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cnndsl.lsp import outline
from cnndsl.lsp.documents import Document, Documents
from cnndsl.lsp.hover import hover
from cnndsl.lsp.sizes import shown

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "editor.png"
TEXT = """\
block Residual(channels, stride = 1) {
    conv(channels, 3, stride, 1, bias=false) -> batchnorm -> relu
    conv(channels, 3, padding=1, bias=false) -> batchnorm
    it + (input -> conv(channels, 1, stride)) -> relu
}

network Net(classes = 10) {
    input(3, 32, 32)
    stem: conv(16, 5, stride=2) -> relu
    for i in range(3) {
        "layer{i}": Residual(16 * 2 ** i, stride=2)
    }
    linear(128) -> relu -> linear(classes)
}
"""
TYPED = ("    linear(128) -> relu ->", "    linear(128) -> rellu ->")
"""What was typed last."""
HOVERED = "linear(128"
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><style>body { margin: 0 } #editor { width: 980px; height: 560px }</style></head>
<body><div id="editor"></div><script src="/vs/loader.js"></script><script>
const given = GIVEN;
require.config({ paths: { vs: "/vs" } });
require(["vs/editor/editor.main"], async () => {
  monaco.languages.register({ id: "cnn" });
  monaco.languages.registerDocumentSemanticTokensProvider("cnn", {
    getLegend: () => ({ tokenTypes: given.kinds, tokenModifiers: [] }),
    provideDocumentSemanticTokens: () => ({ data: new Uint32Array(given.tokens) }),
    releaseDocumentSemanticTokens: () => {},
  });
  monaco.languages.registerInlayHintsProvider("cnn", {
    provideInlayHints: () => ({ hints: given.hints, dispose: () => {} }),
  });
  monaco.languages.registerHoverProvider("cnn", {
    provideHover: () => ({ contents: [{ value: given.hover }] }),
  });
  monaco.editor.defineTheme("cnn", { base: "vs", inherit: true, colors: {}, rules: [
    { token: "keyword", foreground: "0000ff" }, { token: "function", foreground: "795e26" },
    { token: "class", foreground: "267f99" }, { token: "parameter", foreground: "001080" },
    { token: "variable", foreground: "001080" }, { token: "property", foreground: "0070c1" },
    { token: "number", foreground: "098658" }, { token: "string", foreground: "a31515" },
    { token: "comment", foreground: "008000" },
  ] });
  const editor = monaco.editor.create(document.getElementById("editor"), {
    value: given.text, language: "cnn", theme: "cnn", fontSize: 14, minimap: { enabled: false },
    "semanticHighlighting.enabled": true, scrollBeyondLastLine: false, renderLineHighlight: "none",
    hover: { delay: 0, sticky: true }, overviewRulerLanes: 0, scrollbar: { vertical: "hidden", horizontal: "hidden" },
    inlayHints: { enabled: "on", padding: true }, unicodeHighlight: { ambiguousCharacters: false },
  });
  monaco.editor.setModelMarkers(editor.getModel(), "cnndsl", given.markers);
  editor.setPosition(given.at);
  editor.focus();
  setTimeout(() => editor.trigger("picture", "editor.action.showHover", {}), 2500);
});
</script></body></html>
"""


def main() -> None:
    """Write the picture."""
    monaco, browser = Path(sys.argv[1]), sys.argv[2]
    documents = Documents()
    document = documents.open("net.cnn", None, TEXT, 1)
    document.take(document.compiled())
    documents.change("net.cnn", TEXT.replace(*TYPED), 2)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vs").symlink_to((monaco / "min" / "vs").resolve())
        page = PAGE.replace("GIVEN", json.dumps(_given(documents, document)))
        (Path(folder) / "index.html").write_text(page, encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        picture = Path(folder) / "editor.png"
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=980,560",
            "--force-device-scale-factor=1.5", "--virtual-time-budget=20000", f"--screenshot={picture}",
            f"http://127.0.0.1:{server.server_port}/index.html",
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=180)  # noqa: S603 - the browser that is named
        shutil.copy(picture, PICTURE)
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    """Serves the page and the editor, without a word."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _given(documents: Documents, document: Document) -> dict[str, Any]:
    """What the page shows, with lines and columns from 1."""
    source = document.source
    kinds = [*dict.fromkeys(kind for _, kind in outline.tokens(document.names))]
    tokens: list[int] = []
    line = column = 1
    for span, kind in outline.tokens(document.names):
        at = span.position
        tokens += [at.line - line, at.column - (column if at.line == line else 1), len(span.text), kinds.index(kind), 0]
        line, column = at
    hints = []
    for offset, size in shown(documents.sizes(document), source.text, "line"):
        at = source.position(offset)
        place = {"lineNumber": at.line, "column": at.column}
        hints.append({"position": place, "label": size.label, "paddingLeft": True})
    markers = []
    for diagnostic in document.compiled().diagnostics:
        if diagnostic.span is not None:
            start, end = (source.position(offset) for offset in (diagnostic.span.start, diagnostic.span.end))
            places = {"startLineNumber": start.line, "startColumn": start.column}
            places |= {"endLineNumber": end.line, "endColumn": end.column}
            severity = 8 if diagnostic.severity.value == "error" else 4
            markers.append({**places, "message": diagnostic.message, "severity": severity})
    at = source.position(source.text.index(HOVERED) + 1)
    told = hover(documents, document, source.text.index(HOVERED) + 1)
    return {
        "text": source.text,
        "kinds": kinds,
        "tokens": tokens,
        "hints": hints,
        "markers": markers,
        "hover": told[0] if told is not None else "",
        "at": {"lineNumber": at.line, "column": at.column},
    }


if __name__ == "__main__":
    main()
