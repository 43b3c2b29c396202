#compdef prompty
# zsh completion for prompty. In ~/.zshrc, after compinit:
#   source <(prompty completion zsh)

_prompty()
{
    # Nothing is evaluated: a Tab must not run what stands on the line.
    local -a args found
    args=("${(@Q)words[2,CURRENT]}")
    args[-1]=${args[-1]#[\"\']} # a quote that is still open
    args=("${(@)args/#\~\//$HOME/}")

    local out directive line word about
    out=$("${${(Q)words[1]}/#\~\//$HOME/}" __complete "${args[@]}" 2>/dev/null) || return 1
    directive=${out##*:}
    out=${out%:*}
    if (( directive & 1 )); then # an error
        return 1
    fi
    if [[ $PREFIX == -*=* ]]; then
        compset -P '*='
    fi
    if (( directive & 16 )); then # folders
        _files -/
        return
    fi
    for line in "${(@f)out}"; do
        word=${line%%$'\t'*}
        about=${${line#"$word"}#$'\t'}
        if [[ -n $word ]]; then
            found+=("${word//:/\\:}${about:+:$about}")
        fi
    done
    if (( $#found == 0 )); then
        if (( ! (directive & 4) )); then # files
            _files
        fi
        return
    fi
    local -a order space
    if (( directive & 32 )); then
        order=(-V)
    fi
    if (( directive & 2 )); then
        space=(-S '')
    fi
    _describe "${order[@]}" prompty found "${space[@]}"
}

if [[ ${funcstack[1]-} == _prompty ]]; then
    _prompty "$@" # as a file in $fpath
else
    compdef _prompty prompty
fi
