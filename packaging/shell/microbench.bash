# Complete the words of microbench in bash: made by "microbench completion bash".

# _microbench_flags COMMAND: set `reply` to its options.
_microbench_flags() {
    case $1 in
    '') reply='-o --outfile --http-output --http-output-header --http-output-method --redis-output --redis-host --redis-port --redis-db --redis-password --spool -m --mixin -a --all --no-mixin --show-mixins -f --field --redact --no-redact -n --iterations --precision --max-time -w --warmup --input --stdout --stderr --capture-limit --timeout --timeout-grace-period --monitor-interval --monitor-scope --dry-run -q --quiet -h --help --version --counter-events --hash-file --hash-algorithm --hash-size-limit --git-repo --packages-of --nvidia-attributes --nvidia-gpus --stability-silence' ;;
    show) reply='-h --help -r --record --each --by -c --column -s --sort --reverse --filter --last --since --utc --all --json --csv --markdown' ;;
    diff) reply='-h --help --all --exit-code --json' ;;
    compare) reply='-h --help --by --filter --filter-base --filter-new --fail-over --margin --all --force --json --csv --markdown -L --parameter-list -P --parameter-scan -D --step --parameter-step-size --setup --prepare --cleanup --name -i --ignore-failure --show-output' ;;
    baseline) reply='-h --help --filter' ;;
    ranks) reply='-h --help --filter --json --csv --markdown' ;;
    tail) reply='-h --help -n --lines -f --follow --no-follow --filter --json' ;;
    query) reply='-h --help --csv --json --markdown --to -o --outfile --memory' ;;
    timeit) reply='-h --help -s --setup --processes --min-time --max-time --precision -o --output --json' ;;
    recover) reply='-h --help --dry-run --force' ;;
    resend) reply='-h --help --to --header --dry-run' ;;
    check) reply='-h --help --json' ;;
    merge) reply='-h --help -o --outfile' ;;
    convert) reply='-h --help -o --outfile --json' ;;
    completion) reply='-h --help' ;;
    esac
}

# _microbench_value COMMAND OPTION: set `left` to the number of its values, `after` to the
# number that follows an equals sign, and `kind` and `reply` to what completes them.
_microbench_value() {
    left=0 after=0 kind='' reply=''
    case "$1 $2" in
    ' -o' | ' --outfile') left=1 after=1 kind='files' ;;
    ' --http-output') left=1 after=1 kind='' ;;
    ' --http-output-header') left=1 after=1 kind='' ;;
    ' --http-output-method') left=1 after=1 kind='' ;;
    ' --redis-output') left=1 after=1 kind='' ;;
    ' --redis-host') left=1 after=1 kind='' ;;
    ' --redis-port') left=1 after=1 kind='' ;;
    ' --redis-db') left=1 after=1 kind='' ;;
    ' --redis-password') left=1 after=1 kind='' ;;
    ' --spool') left=1 after=1 kind='folders' ;;
    ' -m' | ' --mixin') left=1000000000 after=1 kind='words' reply='defaults cgroup-limits conda-packages counters energy file-hash git-info gpu host-info installed-packages loaded-modules nvidia-smi peak-memory python-info resource-usage slurm-info stability working-dir' ;;
    ' -f' | ' --field') left=1 after=1 kind='' ;;
    ' --redact') left=1 after=1 kind='' ;;
    ' -n' | ' --iterations') left=1 after=1 kind='words' reply='auto' ;;
    ' --precision') left=1 after=1 kind='' ;;
    ' --max-time') left=1 after=1 kind='' ;;
    ' -w' | ' --warmup') left=1 after=1 kind='' ;;
    ' --input') left=1 after=1 kind='files' ;;
    ' --stdout') after=1 kind='words' reply='suppress' ;;
    ' --stderr') after=1 kind='words' reply='suppress' ;;
    ' --capture-limit') left=1 after=1 kind='' ;;
    ' --timeout') left=1 after=1 kind='' ;;
    ' --timeout-grace-period') left=1 after=1 kind='' ;;
    ' --monitor-interval') left=1 after=1 kind='' ;;
    ' --monitor-scope') left=1 after=1 kind='words' reply='process tree' ;;
    ' --counter-events') left=1000000000 after=1 kind='' ;;
    ' --hash-file') left=1000000000 after=1 kind='files' ;;
    ' --hash-algorithm') left=1 after=1 kind='' ;;
    ' --hash-size-limit') left=1 after=1 kind='' ;;
    ' --git-repo') left=1 after=1 kind='folders' ;;
    ' --packages-of') left=1 after=1 kind='' ;;
    ' --nvidia-attributes') left=1000000000 after=1 kind='' ;;
    ' --nvidia-gpus') left=1000000000 after=1 kind='' ;;
    ' --stability-silence') left=1000000000 after=1 kind='' ;;
    'show -r' | 'show --record') left=1 after=1 kind='' ;;
    'show --by') left=1 after=1 kind='' ;;
    'show -c' | 'show --column') left=1 after=1 kind='' ;;
    'show -s' | 'show --sort') left=1 after=1 kind='' ;;
    'show --filter') left=1 after=1 kind='' ;;
    'show --last') left=1 after=1 kind='' ;;
    'show --since') left=1 after=1 kind='' ;;
    'compare --by') left=1 after=1 kind='' ;;
    'compare --filter') left=1 after=1 kind='' ;;
    'compare --filter-base') left=1 after=1 kind='' ;;
    'compare --filter-new') left=1 after=1 kind='' ;;
    'compare --fail-over') left=1 after=1 kind='' ;;
    'compare --margin') left=1 after=1 kind='' ;;
    'compare -L' | 'compare --parameter-list') left=2 after=1 kind='' ;;
    'compare -P' | 'compare --parameter-scan') left=3 after=1 kind='' ;;
    'compare -D' | 'compare --step' | 'compare --parameter-step-size') left=1 after=1 kind='' ;;
    'compare --setup') left=1 after=1 kind='' ;;
    'compare --prepare') left=1 after=1 kind='' ;;
    'compare --cleanup') left=1 after=1 kind='' ;;
    'compare --name') left=1 after=1 kind='' ;;
    'baseline --filter') left=1 after=1 kind='' ;;
    'ranks --filter') left=1 after=1 kind='' ;;
    'tail -n' | 'tail --lines') left=1 after=1 kind='' ;;
    'tail --filter') left=1 after=1 kind='' ;;
    'query --to') left=1 after=1 kind='words' reply='parquet' ;;
    'query -o' | 'query --outfile') left=1 after=1 kind='files' ;;
    'query --memory') left=1 after=1 kind='' ;;
    'timeit -s' | 'timeit --setup') left=1 after=1 kind='' ;;
    'timeit --processes') left=1 after=1 kind='' ;;
    'timeit --min-time') left=1 after=1 kind='' ;;
    'timeit --max-time') left=1 after=1 kind='' ;;
    'timeit --precision') left=1 after=1 kind='' ;;
    'timeit -o' | 'timeit --output') left=1 after=1 kind='files' ;;
    'resend --to') left=1 after=1 kind='' ;;
    'resend --header') left=1 after=1 kind='' ;;
    'merge -o' | 'merge --outfile') left=1 after=1 kind='files' ;;
    'convert -o' | 'convert --outfile') left=1 after=1 kind='files' ;;
    esac
}

# _microbench_words COMMAND: the same for words that belong to no option.
_microbench_words() {
    kind='' reply=''
    case $1 in
    '') kind=words reply='show diff compare baseline ranks tail query timeit recover resend check merge convert completion' ;;
    show) kind='files' ;;
    diff) kind='files' ;;
    compare) kind='files' ;;
    baseline) kind='words' reply='save list show' ;;
    ranks) kind='files' ;;
    tail) kind='files' ;;
    recover) kind='files' ;;
    resend) kind='folders' ;;
    check) kind='files' ;;
    merge) kind='files' ;;
    convert) kind='files' ;;
    completion) kind='words' reply='bash zsh fish' ;;
    esac
}

# _microbench_program PLACE: complete another program, which begins at this word.
_microbench_program() {
    if [ "$1" -eq "$COMP_CWORD" ]; then
        COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
    elif declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    fi
}

# _microbench_reply WORD: complete it by `kind`; files are left to readline.
_microbench_reply() {
    local IFS=$' \t\n'
    case $kind in
    words) COMPREPLY=($(compgen -W "$reply" -- "$1")) ;;
    folders) IFS=$'\n' COMPREPLY=($(compgen -d -- "$1")) ;;
    esac
}

_microbench() {
    local command='' word current=${COMP_WORDS[COMP_CWORD]} place=1 start=0
    local left=0 after=0 kind='' reply=''
    COMPREPLY=()
    _microbench_flags "${COMP_WORDS[1]}"
    if [ "$COMP_CWORD" -gt 1 ] && [ -n "$reply" ]; then
        command=${COMP_WORDS[1]} place=2
    fi
    while [ "$place" -lt "$COMP_CWORD" ]; do
        word=${COMP_WORDS[place]}
        case $word in
        --) start=$((place + 1)) left=0 ;;
        ---) [ "$start" -gt 0 ] && start=$((place + 1)) ;;
        =) [ "$start" -eq 0 ] && left=$after ;;
        *)
            if [ "$start" -gt 0 ]; then
                :
            elif [ "${word#-}" != "$word" ]; then
                _microbench_value "$command" "$word"
            elif [ "$left" -gt 0 ]; then
                left=$((left - 1)) after=0
            elif [ -z "$command" ]; then
                start=$place
            fi
            ;;
        esac
        place=$((place + 1))
    done
    if [ "$current" = '=' ]; then
        current='' left=$after
    fi
    if [ "$start" -gt 0 ]; then
        case $command in
        '' | compare) _microbench_program "$start" ;;
        esac
    elif [ "${current#-}" != "$current" ]; then
        _microbench_flags "$command"
        kind=words
        _microbench_reply "$current"
    elif [ "$left" -gt 0 ]; then
        _microbench_reply "$current"
    else
        _microbench_words "$command"
        _microbench_reply "$current"
        if [ -z "$command" ]; then
            COMPREPLY=(${COMPREPLY[@]+"${COMPREPLY[@]}"} $(compgen -c -- "$current"))
        fi
    fi
}

complete -o bashdefault -o default -F _microbench microbench
