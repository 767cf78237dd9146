" What editing a .cnn text needs: comments, indents of four spaces, and :make and gq by cnndsl.
if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:#
setlocal expandtab shiftwidth=4 softtabstop=4 textwidth=120
setlocal formatoptions-=t formatoptions+=croql
setlocal suffixesadd=.cnn include=^\\s*from\\s\\+\"
setlocal formatprg=cnndsl\ fmt\ -
compiler cnndsl

let b:undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< textwidth<"
      \ . " formatoptions< suffixesadd< include< formatprg< makeprg< errorformat<"
