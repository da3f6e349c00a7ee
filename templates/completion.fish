# Completion of eso-bootstrap for fish: eso-bootstrap completion fish > ~/.config/fish/completions/eso-bootstrap.fish

function __eso_bootstrap_complete
    set -l current (commandline -ct)
    set -l before (commandline -opc)
    set -l lines (eso-bootstrap __complete -- $before[2..] $current 2>/dev/null)
    # A path after --flag= is completed on its own.
    set -l flag (string match -r -- '^--[^=]*=|^' $current)
    set -l path (string replace -r -- '^--[^=]*=' '' $current)
    switch "$lines[-1]"
        case :0
            printf '%s\n' $flag(__fish_complete_path $path)
        case :16
            printf '%s\n' $flag(__fish_complete_directories $path)
        case '*'
            printf '%s\n' $lines | string match -v -r '^:'
    end
end

complete -c eso-bootstrap -f -a '(__eso_bootstrap_complete)'
