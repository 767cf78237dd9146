// The client of the language server, and the diagram beside the text, which follows the cursor.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;
let preview;

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("cnndsl.preview", () => showPreview(context)),
    vscode.commands.registerCommand("cnndsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("cnndsl.command")) {
        restart();
      }
    }),
  );
  await start();
}

async function start() {
  const settings = vscode.workspace.getConfiguration("cnndsl");
  const [command, ...args] = settings.get("command");
  const started = new LanguageClient(
    "cnndsl",
    "cnndsl",
    { command, args },
    {
      documentSelector: [{ language: "cnn" }],
      initializationOptions: { hints: settings.get("hints") },
      synchronize: { configurationSection: "cnndsl" },
    },
  );
  client = started;
  try {
    await started.start();
  } catch (problem) {
    if (client !== started) {
      return; // it was started anew meanwhile, with another command
    }
    client = undefined;
    vscode.window.showErrorMessage(
      `cnndsl: the language server does not start (${problem.message}). ` +
        'Is it installed, with pip install "cnndsl[lsp]"? The setting cnndsl.command says how it is called.',
    );
  }
}

async function restart() {
  const before = client;
  client = undefined;
  if (before) {
    await before.stop().catch(() => undefined);
  }
  await start();
}

function showPreview(context) {
  if (preview) {
    preview.panel.reveal(undefined, true);
    return;
  }
  const panel = vscode.window.createWebviewPanel(
    "cnndsl.diagram",
    "Diagram",
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    {},
  );
  preview = { panel, asked: 0, timer: undefined };
  const follow = (pause) => {
    clearTimeout(preview.timer);
    preview.timer = setTimeout(() => draw(), pause);
  };
  const listeners = [
    vscode.window.onDidChangeTextEditorSelection((event) => isOurs(event.textEditor) && follow(150)),
    vscode.window.onDidChangeActiveTextEditor((editor) => isOurs(editor) && follow(0)),
    vscode.workspace.onDidChangeTextDocument((event) => event.document.languageId === "cnn" && follow(300)),
  ];
  panel.onDidDispose(() => {
    clearTimeout(preview.timer);
    listeners.forEach((listener) => listener.dispose());
    preview = undefined;
  });
  context.subscriptions.push(panel);
  follow(0);
}

function isOurs(editor) {
  return editor !== undefined && editor.document.languageId === "cnn";
}

async function draw() {
  const editor = vscode.window.activeTextEditor;
  if (!isOurs(editor) || !client || !preview) {
    return;
  }
  const asked = ++preview.asked;
  const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
  const position = client.code2ProtocolConverter.asPosition(editor.selection.active);
  const drawn = await client.sendRequest("cnndsl/diagram", { uri, position }).catch(() => undefined);
  if (!drawn || !preview || preview.asked !== asked) {
    return; // a text with mistakes keeps the picture that is shown, and so does a newer question
  }
  preview.panel.title = drawn.network;
  preview.panel.webview.html = page(drawn.svg);
}

function page(svg) {
  const picture = svg.slice(svg.indexOf("<svg"));
  return `<!DOCTYPE html>
<html>
<head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>body { background: white; padding: 1em; } svg { max-width: 100%; height: auto; }</style>
</head>
<body>${picture}</body>
</html>`;
}

async function deactivate() {
  await client?.stop();
}

module.exports = { activate, deactivate };
