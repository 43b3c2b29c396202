# fish completion for prompty. Once:
#   prompty completion fish > ~/.config/fish/completions/prompty.fish

function __prompty_complete
    # Nothing is evaluated: a Tab must not run what stands on the line.
    set -l words (commandline -opc)
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw)
    set -q current[1]; or set current $raw
    set -l out ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -q out[1]; or return
    set -l directive (string sub -s 2 -- $out[-1])
    set -e out[-1]
    switch $directive
        case 1
            return
        case 16 # folders
            __fish_complete_directories $current
            return
    end
    if not set -q out[1]
        if test $directive = 0 # files
            __fish_complete_path $current
        end
        return
    end
    # Behind the = of a flag, the flag belongs to the word.
    set -l flag (string match -r -- '^-.*?=' $current)
    for line in $out
        echo "$flag$line"
    end
end

complete -c prompty -e
complete -c prompty -k -f -a '(__prompty_complete)'
