# bash completion for prompty. In ~/.bashrc:  eval "$(prompty completion bash)"

__prompty_complete()
{
    # The words as prompty gets them: bash also breaks them at @, : and =.
    local line=${COMP_LINE:0:COMP_POINT} words=() rest word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        if ((${#word} > ${#rest})); then
            word=$rest # the cursor is in it
        fi
        if ((i > 0)) && [[ $rest == "$line" ]]; then
            words[${#words[@]} - 1]+=$word # nothing stood between
        else
            words+=("$word")
        fi
        line=${rest#"$word"}
    done

    # Nothing is evaluated: a Tab must not run what stands on the line.
    local args=() cur
    for word in "${words[@]:1}"; do
        if [[ $word == "~/"* ]]; then
            word=$HOME/${word:2}
        fi
        args+=("${word//[\"\'\\]/}")
    done
    cur=${args[${#args[@]} - 1]}
    local quoted=${words[${#words[@]} - 1]}
    quoted=${quoted%"${quoted#[\"\']}"} # the quote that it begins with

    local out directive
    out=$("${words[0]/#\~\//$HOME/}" __complete "${args[@]}" 2>/dev/null) || return 0
    directive=${out##*:}
    out=${out%:*}
    if ((directive & 1)); then # an error
        return 0
    fi
    if ((directive & 2)); then
        compopt -o nospace 2>/dev/null
    fi
    if ((directive & 4)); then # no files
        compopt +o default 2>/dev/null
    fi
    if ((directive & 16)); then # folders
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done < <(compgen -d -- "$cur")
        return 0
    fi
    if ((directive & 32)); then
        compopt -o nosort 2>/dev/null
    fi

    # What bash replaces begins behind the last break; an @ is replaced, too.
    local skip=0 found=() about=() longest=0
    for ((i = ${#cur}; i > 0; i--)); do
        if [[ -z $quoted && $COMP_WORDBREAKS == *"${cur:i-1:1}"* ]]; then
            skip=$i
            if [[ ${cur:i-1:1} == @ ]]; then
                skip=$((i - 1))
            fi
            break
        fi
    done
    local flag=
    if [[ $cur == -*=* ]]; then
        flag=${cur%%=*}=
    fi
    while IFS= read -r line; do
        word=$flag${line%%$'\t'*}
        if [[ -z ${line%%$'\t'*} || $word != "$cur"* ]]; then
            continue
        fi
        word=${word:skip}
        found+=("$word")
        about+=("${line#"${line%%$'\t'*}"}")
        if ((${#word} > longest)); then
            longest=${#word}
        fi
    done <<<"$out"

    for ((i = 0; i < ${#found[@]}; i++)); do
        word=${found[i]}
        if ((${#found[@]} == 1)); then
            if [[ -z $quoted ]]; then
                printf -v word %q "$word"
            fi
        elif [[ ${COMP_TYPE-} == 63 || ${COMP_TYPE-} == 33 ]] && [[ -n ${about[i]} ]] &&
            ((longest + 16 < ${COLUMNS:-80})); then
            # A list for people: with descriptions, and wide enough to stand
            # below one another.
            printf -v word '%-*s  (%s)' "$longest" "$word" "${about[i]:1}"
            word=${word:0:${COLUMNS:-80}-1}
            printf -v word '%-*s' "$((${COLUMNS:-80} / 2))" "$word"
        fi
        COMPREPLY+=("$word")
    done
}

complete -o default -F __prompty_complete prompty
