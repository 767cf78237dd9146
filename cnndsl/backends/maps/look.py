"""How a page looks: its style sheet, with the colours of the kinds of layers."""

from __future__ import annotations

from cnndsl.theme import DARK, LIGHT, Theme

_RULES = """\
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:64rem;background:var(--background);color:var(--text);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
h1{margin:0;font-size:1.9rem;color:var(--heading)}
h2,h3,h4,h5,h6{margin:0;font-size:1.05rem;color:var(--heading);display:flex;flex-wrap:wrap;gap:.2rem .7rem;
align-items:baseline}
p{margin:.3rem 0}
section>h2{margin:1.2rem 0 .5rem}
header{margin-bottom:1.5rem}
.quiet,.words,.note,figcaption,.skipped,summary,.legend{color:var(--quiet)}
.words,.note,.formula,.legend,.sum,.weights,summary{font-size:.875rem}
.weights{color:var(--heading)}
code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em;overflow-wrap:anywhere}
.scale{display:inline-flex;gap:.4rem;align-items:center;margin-right:.4rem;vertical-align:middle}
.scale .map{width:9rem;height:.8rem}
.dark{display:none}
.step{margin:0 0 .9rem;padding:.6rem .8rem .7rem;border-left:5px solid var(--line);background:var(--cluster);
border-radius:0 6px 6px 0;break-inside:avoid}
.step.block{break-inside:auto}
.name{overflow-wrap:anywhere}
.kind{padding:0 .5rem;border-radius:1rem;font-size:.8rem;font-weight:normal;background:var(--fill);color:var(--line);
border:1px solid var(--line)}
.size{margin-left:auto;font-weight:normal;font-size:.95rem;color:var(--size);white-space:nowrap}
.maps{display:grid;grid-template-columns:repeat(8,minmax(0,1fr));gap:.6rem .5rem;margin-top:.5rem}
.maps.few{grid-template-columns:repeat(4,minmax(0,1fr))}
.large .maps{grid-template-columns:repeat(3,minmax(0,1fr))}
.large .maps.few{grid-template-columns:repeat(2,minmax(0,1fr))}
.maps.features,.maps.curves{grid-template-columns:repeat(auto-fill,minmax(14rem,1fr))}
.maps.features{grid-template-columns:1fr}
.maps:has(.numbers){display:flex;flex-wrap:wrap;gap:.8rem 1.4rem}
figure{margin:0;min-width:0}
figcaption{font-size:.75rem;line-height:1.3;font-variant-numeric:tabular-nums}
.channel{font-weight:bold;margin-right:.25rem;color:var(--text)}
img.map{display:block;width:100%;height:auto;image-rendering:pixelated;border:1px solid var(--cluster_line)}
img.picture{display:block;max-width:100%;min-width:12rem;image-rendering:pixelated}
.curves svg{display:block;width:100%;height:4rem;background:var(--background);border:1px solid var(--cluster_line)}
.curves path{fill:var(--size);stroke:var(--size);stroke-width:1.2;vector-effect:non-scaling-stroke}
.curves .zero{stroke:var(--cluster_line);vector-effect:non-scaling-stroke}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.numbers td,.grid td{min-width:2.3rem;padding:.25rem .4rem;text-align:center;font-size:.85rem;
border:1px solid var(--cluster_line)}
details{margin:.5rem 0}
summary{cursor:pointer;margin-bottom:.4rem}
.skipped{margin:.2rem 0 .9rem .3rem;font-size:.9rem}
.worked{margin-top:.7rem;padding-top:.5rem;border-top:1px solid var(--cluster_line);font-size:.9rem}
.windows,.window{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .6rem}
.windows{gap:.6rem 2rem}
.grid .padding{color:var(--quiet);border-style:dashed}
.grid .hit{font-weight:bold;outline:2px solid var(--size);outline-offset:-2px}
.grid.wide td{min-width:0;padding:.1rem .2rem;font-size:.62rem}
.times{font-size:1.4rem}
.scores{width:100%;margin-top:.4rem}
.scores th{font-weight:normal;text-align:left;padding:.15rem .8rem .15rem 0;white-space:nowrap}
.scores thead th{font-size:.8rem;color:var(--quiet)}
.scores .number{text-align:right;padding-right:1rem}
.scores td:last-child{width:70%;white-space:nowrap}
.scores .best th,.scores .best td{font-weight:bold;color:var(--heading)}
.label{margin-left:.4rem}
.bar{display:inline-block;width:calc(100% - 6rem);height:.8rem;margin-right:.6rem;vertical-align:middle;
background:var(--background);border:1px solid var(--cluster_line)}
.bar span{display:block;height:100%;background:var(--size)}
@media print{body{max-width:none;padding:0;font-size:10pt}summary{display:none}
.step,.maps,.bar,.bar span,td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media screen and (max-width:48rem){.maps,.large .maps{grid-template-columns:repeat(auto-fill,minmax(6rem,1fr))}}
@media screen and (max-width:36rem){.size{margin-left:0}.label{white-space:normal}}
"""
_NAMED = ("background", "heading", "text", "quiet", "size", "cluster", "cluster_line")


def style() -> str:
    """The style sheet of a page; where the reader's system is dark, so is the page, and zero is black in its maps."""
    dark = f"{_colours(DARK)}img.map{{filter:invert(1) hue-rotate(180deg)}}\n"
    dark += ".light{display:none}.dark{display:inline}\n"
    return f"{_colours(LIGHT)}{_RULES}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n"


def _colours(theme: Theme) -> str:
    """The colours of a theme as variables, and those of each kind of layer on what is of that kind."""
    named = ";".join(f"--{name}:{getattr(theme, name)}" for name in _NAMED)
    tints = "".join(f".{kind}{{--fill:{tint.fill};--line:{tint.line}}}\n" for kind, tint in theme.tints.items())
    return f":root{{{named};--fill:#fff;--line:#000}}\n{tints}"
