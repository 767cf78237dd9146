" :make reports what cnndsl finds in the file, for :copen and :cnext.
if exists("current_compiler")
  finish
endif
let current_compiler = "cnndsl"

CompilerSet makeprg=cnndsl\ check\ --format\ concise\ --color\ never\ %:S
CompilerSet errorformat=%f:%l:%c:\ %t%n\ %m,%-G%.%#
