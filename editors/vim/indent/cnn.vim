" A line stands four columns further in for each bracket that is open before it; one that goes on with -> stands one
" step further in than the line that it belongs to.
if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal indentexpr=CnnIndent(v:lnum) indentkeys=0},0),0],!^F,o,O
let b:undo_indent = "setlocal indentexpr< indentkeys<"

if exists("*CnnIndent")
  finish
endif

function s:Plain(number)
  return substitute(substitute(getline(a:number), '"[^"]*"', "", "g"), "#.*$", "", "")
endfunction

function CnnIndent(number)
  let before = prevnonblank(a:number - 1)
  if before == 0
    return 0
  endif
  let text = s:Plain(before)
  let step = len(substitute(text, '[^{(\[]', "", "g")) - len(substitute(text, '[^})\]]', "", "g"))
  if text =~ '^\s*[})\]]'
    let step += 1
  endif
  let here = s:Plain(a:number)
  let goes_on = here =~ '^\s*->' && text !~ '^\s*->'
  let ends = text =~ '^\s*->' && here !~ '^\s*->' && step == 0
  let column = indent(before) + shiftwidth() * (max([min([step, 1]), -1]) + goes_on - ends)
  return max([here =~ '^\s*[})\]]' ? column - shiftwidth() : column, 0])
endfunction
