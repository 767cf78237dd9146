" Made by python -m cnndsl.highlighting editors from the words of the language; change it there.
if exists("b:current_syntax")
  finish
endif

syntax iskeyword @,48-57,_,192-255
syntax match cnnComment "#.*$" contains=cnnTodo,@Spell
syntax keyword cnnTodo TODO FIXME XXX contained
syntax region cnnString start=+"+ end=+"+ oneline contains=cnnInterpolation
syntax region cnnInterpolation start="{" end="}" contained contains=TOP
syntax match cnnNumber "\<\d\+\(\.\d*\)\?\([eE][+-]\?\d\+\)\?\>"
syntax match cnnNumber "\.\d\+\([eE][+-]\?\d\+\)\?\>"
syntax match cnnArrow "->"
syntax match cnnHole "?"
syntax match cnnArgument "\<\h\w*\ze\s*=[^=]" contained
syntax region cnnCall matchgroup=cnnParenthesis start="(" end=")" transparent contains=ALLBUT,cnnTodo,cnnInterpolation
syntax match cnnLabel "\<\h\w*\ze\s*:\(\s\|$\)"
syntax match cnnAttribute "\.\h\w*"hs=s+1
syntax keyword cnnDefining network
syntax keyword cnnDefining block
syntax keyword cnnDefining sequence
syntax keyword cnnDefining extern
syntax keyword cnnKeyword as assert
syntax keyword cnnKeyword else
syntax keyword cnnKeyword for from
syntax keyword cnnKeyword if import init
syntax keyword cnnKeyword output
syntax keyword cnnKeyword repeat
syntax keyword cnnKeyword when
syntax keyword cnnOperatorWord and
syntax keyword cnnOperatorWord in
syntax keyword cnnOperatorWord not
syntax keyword cnnOperatorWord or
syntax keyword cnnConstant true
syntax keyword cnnConstant false
syntax keyword cnnConstant input it
syntax keyword cnnKind abs adaptive_avgpool adaptive_maxpool add all alpha_dropout any attention avgpool
syntax keyword cnnKind batchnorm bilinear
syntax keyword cnnKind ceil celu channel_shuffle chunk clamp concat constant conv conv_transpose crop cumsum
syntax keyword cnnKind default dirac div dropout dropout_channels
syntax keyword cnnKind elu embedding enumerate exp expand
syntax keyword cnnKind flatten flip float floor fold
syntax keyword cnnKind gelu global_avgpool global_maxpool glu groupnorm gru
syntax keyword cnnKind hardshrink hardsigmoid hardswish hardtanh
syntax keyword cnnKind identity instancenorm int
syntax keyword cnnKind kaiming_normal kaiming_uniform
syntax keyword cnnKind layernorm leaky_relu len linear local_response_norm log log10 log2 log_softmax logsigmoid lppool lstm
syntax keyword cnnKind make_divisible matmul max maximum maxpool mean min minimum mish mul multihead_attention
syntax keyword cnnKind narrow neg norm normal normalize
syntax keyword cnnKind ones orthogonal
syntax keyword cnnKind pad parameter permute pixel_shuffle pixel_unshuffle pow prelu
syntax keyword cnnKind range reciprocal relu relu6 reshape reversed rmsnorm rnn roll round rrelu rsqrt
syntax keyword cnnKind select selu sigmoid sign silu softmax softmin softplus softshrink softsign sorted split sqrt squeeze stack std stochastic_depth str sub sum
syntax keyword cnnKind tanh tanhshrink threshold transpose trunc_normal
syntax keyword cnnKind unbind unflatten unfold uniform unique unsqueeze upsample
syntax keyword cnnKind var
syntax keyword cnnKind xavier_normal xavier_uniform
syntax keyword cnnKind zeros zip
syntax match cnnName "\(\<\(network\|block\|sequence\|extern\)\s\+\)\@<=\h\w*"

highlight default link cnnComment Comment
highlight default link cnnTodo Todo
highlight default link cnnString String
highlight default link cnnInterpolation Special
highlight default link cnnNumber Number
highlight default link cnnArrow Operator
highlight default link cnnHole Special
highlight default link cnnArgument Identifier
highlight default link cnnLabel Label
highlight default link cnnAttribute Identifier
highlight default link cnnDefining Structure
highlight default link cnnKeyword Keyword
highlight default link cnnOperatorWord Operator
highlight default link cnnConstant Constant
highlight default link cnnKind Function
highlight default link cnnName Type

let b:current_syntax = "cnn"
