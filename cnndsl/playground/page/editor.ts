/** The editor: CodeMirror, with what the compiler knows of the text shown in it. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, snippet } from "@codemirror/autocomplete";
import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentService, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
  WidgetType,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

import type { Checked, Completions, Edit, Hover, Question } from "./protocol";

export type Ask = <T>(ask: Question["ask"]) => Promise<T | null>;

const checkedNow = StateEffect.define<Checked>();

class Size extends WidgetType {
  constructor(
    readonly label: string,
    readonly tooltip: string,
  ) {
    super();
  }
  override eq(other: Size): boolean {
    return other.label === this.label && other.tooltip === this.tooltip;
  }
  override toDOM(): HTMLElement {
    const made = document.createElement("span");
    made.className = "cm-size";
    made.dataset["size"] = this.label; // shown by the style sheet: a text here could get into what is typed or copied
    made.title = this.tooltip;
    return made;
  }
}

/** What a check gives as decorations, which move with the text until the next one. */
function decorations(made: (checked: Checked, length: number) => DecorationSet): Extension {
  return StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(now, transaction) {
      const effect = transaction.effects.find((one) => one.is(checkedNow));
      return effect === undefined ? now.map(transaction.changes) : made(effect.value as Checked, transaction.newDoc.length);
    },
    provide: (field) => EditorView.decorations.from(field),
  });
}

const words = decorations(({ words }) => {
  const found = new RangeSetBuilder<Decoration>();
  for (const [from, to, kind] of words) {
    if (from < to) found.add(from, to, Decoration.mark({ class: `cm-${kind}` }));
  }
  return found.finish();
});

const sizes = decorations(({ sizes }) =>
  Decoration.set(
    sizes.map(([at, label, tooltip]) => Decoration.widget({ widget: new Size(label, tooltip), side: 1 }).range(at)),
    true,
  ),
);

/** Shows what a check found: colours, sizes, and problems with what mends them. */
export function show(view: EditorView, checked: Checked): void {
  view.dispatch({ effects: checkedNow.of(checked) });
  const found = checked.problems.map(
    ({ from, to, severity, code, message, label, help, fixes }): Diagnostic => ({
      from,
      to,
      severity,
      source: code,
      message: [message, label, ...help].filter((line) => line !== "").join("\n"),
      actions: fixes.map(({ title, edits }) => ({ name: title, apply: (editor) => change(editor, edits) })),
    }),
  );
  view.dispatch(setDiagnostics(view.state, found));
}

export function change(view: EditorView, edits: Edit[]): void {
  view.dispatch({ changes: edits.map(([from, to, insert]) => ({ from, to, insert })), userEvent: "input.fix" });
  view.focus();
}

/** Markdown as the compiler writes it, without HTML: paragraphs, fences, `code` and **bold**. */
export function told(markdown: string): HTMLElement {
  const made = document.createElement("div");
  for (const [at, part] of markdown.split(/^```.*$\n?/m).entries()) {
    const element = document.createElement(at % 2 ? "pre" : "p");
    if (at % 2) element.textContent = part.replace(/\n$/, "");
    else {
      for (const [word, piece] of part.trim().split(/\*\*(.+?)\*\*|`(.+?)`/).entries()) {
        if (piece === undefined) continue;
        const inline = document.createElement(word % 3 === 0 ? "span" : word % 3 === 1 ? "strong" : "code");
        inline.textContent = piece;
        element.append(inline);
      }
    }
    if (element.textContent !== "") made.append(element);
  }
  return made;
}

function hovers(ask: Ask): Extension {
  return hoverTooltip(async (_, at) => {
    const found = await ask<Hover>({ ask: "hover", at });
    if (found === null) return null;
    const dom = told(found.text);
    dom.className = "cm-told";
    return { pos: found.from, end: found.to, above: true, create: () => ({ dom }) };
  });
}

const SORTS: Record<string, string> = { layer: "function", definition: "class", parameter: "property", name: "variable" };

function completions(ask: Ask): Extension {
  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    if (!context.explicit && context.matchBefore(/[\w."]/) === null) return null;
    const found = await ask<Completions>({ ask: "complete", at: context.pos });
    if (found === null) return null;
    const options = found.items.map(({ label, sort, detail, text }, at) => ({
      label,
      info: detail || undefined,
      type: SORTS[sort] ?? sort,
      boost: detail.startsWith("is called ") ? -50 : -Math.min(at / 100, 49),
      apply: text.includes("$0") ? snippet(text.replaceAll(/[{}\\]/g, "\\$&").replace("$0", "${}")) : text,
    }));
    return { from: found.from, options, validFor: /^\w*$/ };
  };
  return autocompletion({ override: [source], icons: false });
}

/** Behind an open brace a line stands further in. */
const indentation = indentService.of((context, at) => {
  const before = context.state.doc.lineAt(Math.max(at - 1, 0));
  const [, space = "", rest = ""] = /^(\s*)(.*)$/.exec(before.text.slice(0, Math.max(at - before.from, 0))) ?? [];
  const closes = context.textAfterPos(at).trimStart().startsWith("}") ? 4 : 0;
  return Math.max(space.length + (/[{([]\s*$/.test(rest) ? 4 : 0) - closes, 0);
});

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--paper)", height: "100%", fontSize: "14px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--shade)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "var(--active)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--active)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--selection)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)" },
  ".cm-size": { paddingLeft: "1.5ch", display: "inline-block" },
  ".cm-operator": { whiteSpace: "nowrap" },
  ".cm-size::after": { content: "attr(data-size)", color: "var(--quiet)", fontSize: "92%" },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--shade)", border: "1px solid var(--line)" },
  ".cm-tooltip ul li[aria-selected]": { color: "var(--paper)", backgroundColor: "var(--accent)" },
  ".cm-told": { padding: "0 10px", maxWidth: "min(90vw, 46rem)", maxHeight: "50vh", overflow: "auto" },
  ".cm-told pre": { fontFamily: "var(--mono)", fontSize: "12.5px", margin: "8px 0" },
  ".cm-told p": { margin: "8px 0" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap", maxWidth: "min(90vw, 40rem)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--paper)", padding: "4px 8px" },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--shade)" },
  ".cm-button, .cm-textfield": { backgroundImage: "none", backgroundColor: "var(--paper)", color: "var(--text)" },
  ".cm-comment": { color: "var(--quiet)", fontStyle: "italic" },
  ".cm-keyword": { color: "var(--keyword)" },
  ".cm-function": { color: "var(--function)" },
  ".cm-class": { color: "var(--class)", fontWeight: "600" },
  ".cm-parameter, .cm-property": { color: "var(--parameter)" },
  ".cm-number": { color: "var(--number)" },
  ".cm-string": { color: "var(--string)" },
});

export function edited(root: ShadowRoot, ask: Ask, changed: () => void): EditorView {
  return new EditorView({
    root,
    parent: root,
    extensions: [
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      indentUnit.of("    "),
      EditorState.tabSize.of(4),
      indentation,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "The text of the network", spellcheck: "false" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) changed();
      }),
      keymap.of([
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...completionKeymap,
        ...lintKeymap,
      ]),
      words,
      sizes,
      hovers(ask),
      completions(ask),
      look,
    ],
  });
}

const pythonColours = HighlightStyle.define([
  { tag: tags.keyword, class: "cm-keyword" },
  { tag: tags.comment, class: "cm-comment" },
  { tag: tags.string, class: "cm-string" },
  { tag: tags.number, class: "cm-number" },
  { tag: [tags.bool, tags.null, tags.self], class: "cm-keyword" },
  { tag: [tags.definition(tags.className), tags.definition(tags.function(tags.variableName))], class: "cm-class" },
  { tag: tags.function(tags.variableName), class: "cm-function" },
]);

/** A view of Python that can be read, searched and copied. */
export function pythonView(root: ShadowRoot, text: string): EditorView {
  return new EditorView({
    root,
    parent: root,
    doc: text,
    extensions: [
      lineNumbers(),
      python(),
      syntaxHighlighting(pythonColours),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": "The PyTorch module" }),
      keymap.of([...defaultKeymap, ...searchKeymap]),
      look,
    ],
  });
}
