# Completion of eso-bootstrap for bash. In ~/.bashrc: source <(eso-bootstrap completion bash)

_eso_bootstrap() {
  # bash breaks words also at = : and @ (COMP_WORDBREAKS): what was typed together is put together again.
  local words=() last=-1 rest=${COMP_LINE:0:COMP_POINT} word gap i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i < COMP_CWORD)); then
      word=${COMP_WORDS[i]}
      gap=${rest%%"$word"*}
      rest=${rest#*"$word"}
    else
      gap=${rest%%[![:space:]]*}
      word=${rest#"$gap"}
    fi
    if ((i > 0)) && [[ -z $gap ]]; then words[last]+=$word; else words[++last]=$word; fi
  done

  # What readline replaces starts after the last of those characters.
  local current=${words[last]} line directive=4
  local prefix=${current%"${current##*["$COMP_WORDBREAKS"]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) directive=${line#:} ;;
      *)
        line=${line%%$'\t'*}
        COMPREPLY+=("${line#"$prefix"}")
        ;;
    esac
  done < <(eso-bootstrap __complete -- "${words[@]:1}" 2>/dev/null)

  case $directive in
    0) compopt -o default 2>/dev/null ;;
    16) compopt -o dirnames 2>/dev/null ;;
  esac
}

complete -F _eso_bootstrap eso-bootstrap
