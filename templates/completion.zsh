#compdef eso-bootstrap
# Completion of eso-bootstrap for zsh: a file _eso-bootstrap in a folder of $fpath, or in ~/.zshrc after compinit:
# source <(eso-bootstrap completion zsh)

_eso-bootstrap() {
  local line name directive=4
  local -a names
  for line in "${(@f)$(eso-bootstrap __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
    name=${line%%$'\t'*}
    case $line in
      :*) directive=${line#:} ;;
      *$'\t'*) names+=("${name//:/\\:}:${line#*$'\t'}") ;;
      ?*) names+=("${name//:/\\:}") ;;
    esac
  done

  # A path after --flag= is completed on its own.
  if [[ $directive == (0|16) && $PREFIX == --*=* ]]; then compset -P '*='; fi
  case $directive in
    0) _files ;;
    16) _files -/ ;;
    *) _describe -t names eso-bootstrap names ;;
  esac
}

# As a file of $fpath it is run for the first Tab; sourced, it is only made known.
if [[ $funcstack[1] == _eso-bootstrap ]]; then
  _eso-bootstrap "$@"
else
  compdef _eso-bootstrap eso-bootstrap
fi
