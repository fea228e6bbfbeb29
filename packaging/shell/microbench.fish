# Complete the words of microbench in fish: made by "microbench completion fish".

# Print what is being typed: "own" for the options of microbench, the name of a subcommand,
# or the number of the word with which another program begins.
function __microbench_place
    set -l words (commandline -opc)
    if contains -- "$words[2]" show diff compare baseline ranks tail query timeit recover resend check merge convert completion
        set -l dashes (contains -i -- -- $words)
        if test -n "$dashes" -a "$words[2]" = compare
            for place in (seq (count $words))
                test "$words[$place]" = ---; and set dashes $place
            end
            math $dashes + 1
        else
            echo $words[2]
        end
        return
    end
    set -l left 0
    for place in (seq 2 (count $words))
        switch $words[$place]
            case --
                math $place + 1
                return
            case -m --mixin --counter-events --hash-file --nvidia-attributes --nvidia-gpus --stability-silence
                set left 1000000000
            case -o --outfile --http-output --http-output-header --http-output-method --redis-output --redis-host --redis-port --redis-db --redis-password --spool -f --field --redact -n --iterations --precision --max-time -w --warmup --input --capture-limit --timeout --timeout-grace-period --monitor-interval --monitor-scope --hash-algorithm --hash-size-limit --git-repo --packages-of
                set left 1
            case '-*'
                set left 0
            case '*'
                if test $left -eq 0
                    echo $place
                    return
                end
                set left (math $left - 1)
        end
    end
    echo own
end

# Succeed where this is being typed.
function __microbench_in
    test (__microbench_place) = $argv[1]
end

# Succeed behind one of these options, which take any number of values.
function __microbench_behind
    set -l options (string match -- '-*' (commandline -opc))
    contains -- "$options[-1]" $argv; and test (__microbench_place) = own
end

# Succeed where a subcommand can stand: as the first word.
function __microbench_first
    test (count (commandline -opc)) -eq 1
end

# Complete a program, which begins at this word, and its words.
function __microbench_program
    set -l place (__microbench_place)
    set -l words (commandline -opc) (commandline -ct)
    if string match -qr '^[0-9]+$' -- $place
        __fish_complete_subcommand --commandline $words[$place..-1]
    else if test $place = own; and not string match -q -- '-*' (commandline -ct)
        __fish_complete_subcommand --commandline (commandline -ct)
    end
end

complete -c microbench -f
complete -c microbench -a '(__microbench_program)'
complete -c microbench -n '__microbench_in own' -s o -l outfile -r -F -d 'append the record to FILE; - is standard output, the default except on a terminal'
complete -c microbench -n '__microbench_in own' -l http-output -x -d 'send the record to URL'
complete -c microbench -n '__microbench_in own' -l http-output-header -x -d 'header of that request, such as Authorization; can be repeated'
complete -c microbench -n '__microbench_in own' -l http-output-method -x -d 'method of that request (default: POST)'
complete -c microbench -n '__microbench_in own' -l redis-output -x -d 'append the record to a Redis list'
complete -c microbench -n '__microbench_in own' -l redis-host -x -d 'the server (default: localhost)'
complete -c microbench -n '__microbench_in own' -l redis-port -x -d 'its port (default: 6379)'
complete -c microbench -n '__microbench_in own' -l redis-db -x -d 'number of its database (default: 0)'
complete -c microbench -n '__microbench_in own' -l redis-password -x -d 'its password'
complete -c microbench -n '__microbench_in own' -l spool -x -a '(__fish_complete_directories)' -d 'keep the record in this directory for each of these that does not take it: microbench resend sends it later'
complete -c microbench -n '__microbench_in own' -s m -l mixin -x -a 'defaults cgroup-limits conda-packages counters energy file-hash git-info gpu host-info installed-packages loaded-modules nvidia-smi peak-memory python-info resource-usage slurm-info stability working-dir' -d 'capture with these mixins, or with module:Class, instead of the defaults; the word defaults stands for those'
complete -c microbench -n '__microbench_behind -m --mixin' -a 'defaults cgroup-limits conda-packages counters energy file-hash git-info gpu host-info installed-packages loaded-modules nvidia-smi peak-memory python-info resource-usage slurm-info stability working-dir'
complete -c microbench -n '__microbench_in own' -s a -l all -d 'capture with all mixins'
complete -c microbench -n '__microbench_in own' -l no-mixin -d 'capture with none'
complete -c microbench -n '__microbench_in own' -l show-mixins -d 'list the mixins with their options, and exit'
complete -c microbench -n '__microbench_in own' -s f -l field -x -d 'store this string in the record, or KEY:=JSON, such as rank:=0, for a value with a type; can be repeated'
complete -c microbench -n '__microbench_in own' -l redact -x -d 'mask fields whose name or dotted path matches, such as \'*token*\'; can be repeated'
complete -c microbench -n '__microbench_in own' -l no-redact -d 'mask nothing: store words of COMMAND that look like passwords too'
complete -c microbench -n '__microbench_in own' -s n -l iterations -x -a 'auto' -d 'run COMMAND N times (default: 1); auto: at least 10 times and 3 s, until the median is precise, and a long program once'
complete -c microbench -n '__microbench_in own' -l precision -x -d 'with -n auto: half the interval of the median is at most that (default: 1 %)'
complete -c microbench -n '__microbench_in own' -l max-time -x -d 'with -n auto: begin no run that would end later (default: 60)'
complete -c microbench -n '__microbench_in own' -s w -l warmup -x -d 'before that, run it N times without a trace (default: 0)'
complete -c microbench -n '__microbench_in own' -l input -r -F -d 'each run reads FILE; - is what comes on standard input, at most 64 MiB'
complete -c microbench -n '__microbench_in own' -l stdout -a 'suppress' -d 'store what COMMAND prints; with =suppress it is not shown as well'
complete -c microbench -n '__microbench_in own' -l stderr -a 'suppress' -d 'the same for its standard error'
complete -c microbench -n '__microbench_in own' -l capture-limit -x -d 'of longer output keep head and tail, and count the rest'
complete -c microbench -n '__microbench_in own' -l timeout -x -d 'end an iteration that takes longer by SIGTERM'
complete -c microbench -n '__microbench_in own' -l timeout-grace-period -x -d 'and, if it is still there after that time, by SIGKILL (default: 5)'
complete -c microbench -n '__microbench_in own' -l monitor-interval -x -d 'sample CPU and memory of COMMAND that often (needs psutil)'
complete -c microbench -n '__microbench_in own' -l monitor-scope -x -a 'process tree' -d 'process: of COMMAND alone (default); tree: with its descendants'
complete -c microbench -n '__microbench_in own' -l dry-run -d 'check and show all settings, run nothing'
complete -c microbench -n '__microbench_in own' -s q -l quiet -d 'no progress and no answer on a terminal'
complete -c microbench -n '__microbench_in own' -s h -l help -d 'show this text and exit'
complete -c microbench -n '__microbench_in own' -l version -d 'show the version and exit'
complete -c microbench -n '__microbench_in own' -l counter-events -x -d 'events to count, such as instructions page-faults (default: six)'
complete -c microbench -n '__microbench_in own' -l hash-file -r -F -d 'files to hash (default: the command and its words that are files)'
complete -c microbench -n '__microbench_behind --hash-file' -F
complete -c microbench -n '__microbench_in own' -l hash-algorithm -x -d 'how to hash: any name that hashlib knows (default: sha256)'
complete -c microbench -n '__microbench_in own' -l hash-size-limit -x -d 'leave larger files out: bytes, or such as 500M, 10G (default: no limit)'
complete -c microbench -n '__microbench_in own' -l git-repo -x -a '(__fish_complete_directories)' -d 'directory in the repository (default: the current directory)'
complete -c microbench -n '__microbench_in own' -l packages-of -x -d 'Python whose packages are listed (default: the one that the command runs)'
complete -c microbench -n '__microbench_in own' -l nvidia-attributes -x -d 'what to ask, see nvidia-smi --help-query-gpu (default: gpu_name memory.total)'
complete -c microbench -n '__microbench_in own' -l nvidia-gpus -x -d 'indexes from 0, UUIDs or PCI bus ids (default: all)'
complete -c microbench -n '__microbench_in own' -l stability-silence -x -d 'warnings to leave out, such as aslr smt turbo (default: none)'
complete -c microbench -n __microbench_first -a show -d 'show records: a table of many, or all about one'
complete -c microbench -n '__microbench_in show' -F
complete -c microbench -n '__microbench_in show' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in show' -s r -l record -x -d 'show all about this record; can be repeated'
complete -c microbench -n '__microbench_in show' -l each -d 'a row for each record, however many'
complete -c microbench -n '__microbench_in show' -l by -x -d 'a row for each group of records with the same values of these fields: name, command, host, tool, or any field'
complete -c microbench -n '__microbench_in show' -s c -l column -x -d 'add a column with this field to the rows, as in host.os; can be repeated; .n is the field n, beside the column n'
complete -c microbench -n '__microbench_in show' -s s -l sort -x -d 'sort rows by a field, or by one of: number, start, name, host, n, median, min, max, outcome; and groups by n, median, p95, stdev, min, max, total, records or failed'
complete -c microbench -n '__microbench_in show' -l reverse -d 'the other way round'
complete -c microbench -n '__microbench_in show' -l filter -x -d 'only records for which EXPR holds'
complete -c microbench -n '__microbench_in show' -l last -x -d 'only the last N of them'
complete -c microbench -n '__microbench_in show' -l since -x -d 'only records that began since then: a time ago, such as 30min, 2h or 3d, or a date'
complete -c microbench -n '__microbench_in show' -l utc -d 'times in UTC, not in the local zone'
complete -c microbench -n '__microbench_in show' -l all -d 'long lists, texts and tables too, up to 20000 characters of each; --json has all of them'
complete -c microbench -n '__microbench_in show' -l json -d 'print an object for each record, or with --by for each group'
complete -c microbench -n '__microbench_in show' -l csv -d 'print comma-separated values for each record, or with --by for each group'
complete -c microbench -n '__microbench_in show' -l markdown -d 'print a Markdown table'
complete -c microbench -n __microbench_first -a diff -d 'say where two records differ, in their times and in what may explain them'
complete -c microbench -n '__microbench_in diff' -F
complete -c microbench -n '__microbench_in diff' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in diff' -l all -d 'also what always differs: times, ids; and long texts whole'
complete -c microbench -n '__microbench_in diff' -l exit-code -d 'status 1 if they differ'
complete -c microbench -n '__microbench_in diff' -l json -d 'print times and differences as JSON'
complete -c microbench -n __microbench_first -a compare -d 'say which of two sets of records is faster, and how surely'
complete -c microbench -n '__microbench_in compare' -F
complete -c microbench -n '__microbench_in compare' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in compare' -l by -x -d 'compare the two parts of the files that have different values of this field'
complete -c microbench -n '__microbench_in compare' -l filter -x -d 'only records for which EXPR holds'
complete -c microbench -n '__microbench_in compare' -l filter-base -x -d 'in BASE only records for which EXPR holds'
complete -c microbench -n '__microbench_in compare' -l filter-new -x -d 'in NEW only records for which EXPR holds'
complete -c microbench -n '__microbench_in compare' -l fail-over -x -d 'status 1 if a run is slower for certain, and by more than that, such as 10%'
complete -c microbench -n '__microbench_in compare' -l margin -x -d 'a difference below that does not matter; by default 1%'
complete -c microbench -n '__microbench_in compare' -l all -d 'every field that differs'
complete -c microbench -n '__microbench_in compare' -l force -d 'take a baseline of another machine or interpreter'
complete -c microbench -n '__microbench_in compare' -l json -d 'print objects'
complete -c microbench -n '__microbench_in compare' -l csv -d 'print comma-separated values'
complete -c microbench -n '__microbench_in compare' -l markdown -d 'print a Markdown table'
complete -c microbench -n '__microbench_in compare' -s L -l parameter-list -x -d 'run the commands with each value in place of {NAME}'
complete -c microbench -n '__microbench_in compare' -s P -l parameter-scan -x -d 'the same with numbers from FROM to TO'
complete -c microbench -n '__microbench_in compare' -s D -l step -l parameter-step-size -x -d 'of -P; by default 1'
complete -c microbench -n '__microbench_in compare' -l setup -x -d 'shell command before the first run of a command'
complete -c microbench -n '__microbench_in compare' -l prepare -x -d 'shell command before each run'
complete -c microbench -n '__microbench_in compare' -l cleanup -x -d 'shell command after all runs'
complete -c microbench -n '__microbench_in compare' -l name -x -d 'names of the commands, one option each'
complete -c microbench -n '__microbench_in compare' -s i -l ignore-failure -d 'a status other than 0 is as good'
complete -c microbench -n '__microbench_in compare' -l show-output -d 'do not hide what commands print'
complete -c microbench -n __microbench_first -a baseline -d 'keep records, so that later runs are compared with them'
complete -c microbench -n '__microbench_in baseline' -a 'save list show'
complete -c microbench -n '__microbench_in baseline' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in baseline' -l filter -x -d 'save only records for which EXPR holds'
complete -c microbench -n __microbench_first -a ranks -d 'say which rank of a parallel program was slow, and in which phase'
complete -c microbench -n '__microbench_in ranks' -F
complete -c microbench -n '__microbench_in ranks' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in ranks' -l filter -x -d 'only records for which EXPR holds'
complete -c microbench -n '__microbench_in ranks' -l json -d 'print an object for each row'
complete -c microbench -n '__microbench_in ranks' -l csv -d 'print comma-separated values'
complete -c microbench -n '__microbench_in ranks' -l markdown -d 'print a Markdown table'
complete -c microbench -n __microbench_first -a tail -d 'show records as they are written, a line each'
complete -c microbench -n '__microbench_in tail' -F
complete -c microbench -n '__microbench_in tail' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in tail' -s n -l lines -x -d 'begin with the last N records (default: 10)'
complete -c microbench -n '__microbench_in tail' -s f -l follow -l no-follow -d 'go on with new records (the default); --no-follow: only the last N'
complete -c microbench -n '__microbench_in tail' -l filter -x -d 'only records for which EXPR holds'
complete -c microbench -n '__microbench_in tail' -l json -d 'print whole records as JSON, a line each'
complete -c microbench -n __microbench_first -a query -d 'ask a question in SQL about the records of files'
complete -c microbench -n '__microbench_in query' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in query' -l csv -d 'comma-separated values'
complete -c microbench -n '__microbench_in query' -l json -d 'an object for each row'
complete -c microbench -n '__microbench_in query' -l markdown -d 'a table in Markdown'
complete -c microbench -n '__microbench_in query' -l to -x -a 'parquet' -d 'the form of the file of -o'
complete -c microbench -n '__microbench_in query' -s o -l outfile -r -F -d 'write a new FILE instead of printing'
complete -c microbench -n '__microbench_in query' -l memory -x -d 'how much DuckDB may use, such as 2GB'
complete -c microbench -n __microbench_first -a timeit -d 'say how long a statement of Python takes'
complete -c microbench -n '__microbench_in timeit' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in timeit' -s s -l setup -x -d 'a line of what runs once before, in each process; may be repeated'
complete -c microbench -n '__microbench_in timeit' -l processes -x -d 'fresh processes, one after another (default: 1)'
complete -c microbench -n '__microbench_in timeit' -l min-time -x -d 'the samples take so long, in all processes (default: 0.1)'
complete -c microbench -n '__microbench_in timeit' -l max-time -x -d 'no sample begins later, in all processes (default: 3)'
complete -c microbench -n '__microbench_in timeit' -l precision -x -d 'end when the interval is as narrow as this (default: 0.01)'
complete -c microbench -n '__microbench_in timeit' -s o -l output -r -F -d 'append a record for each process'
complete -c microbench -n '__microbench_in timeit' -l json -d 'print the statistics as JSON'
complete -c microbench -n __microbench_first -a recover -d 'put the records of killed processes into their file'
complete -c microbench -n '__microbench_in recover' -F
complete -c microbench -n '__microbench_in recover' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in recover' -l dry-run -d 'only say what would be done'
complete -c microbench -n '__microbench_in recover' -l force -d 'also journals of other users and hosts, if their processes are dead: microbench cannot check processes of other hosts'
complete -c microbench -n __microbench_first -a resend -d 'send the records that a sink did not take'
complete -c microbench -n '__microbench_in resend' -a '(__fish_complete_directories)'
complete -c microbench -n '__microbench_in resend' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in resend' -l to -x -d 'send them there instead: http(s)://, redis(s)://HOST:PORT/DB?key=NAME, or postgresql://'
complete -c microbench -n '__microbench_in resend' -l header -x -d 'header of each HTTP request, such as Authorization; can be repeated'
complete -c microbench -n '__microbench_in resend' -l dry-run -d 'only say what would be sent'
complete -c microbench -n __microbench_first -a check -d 'say what is damaged or missing in result files'
complete -c microbench -n '__microbench_in check' -F
complete -c microbench -n '__microbench_in check' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in check' -l json -d 'print the findings as one line of JSON'
complete -c microbench -n __microbench_first -a merge -d 'write the records of many files into one, each once'
complete -c microbench -n '__microbench_in merge' -F
complete -c microbench -n '__microbench_in merge' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in merge' -s o -l outfile -r -F -d 'the new file'
complete -c microbench -n __microbench_first -a convert -d 'bring result files of before 2.0 up to date'
complete -c microbench -n '__microbench_in convert' -F
complete -c microbench -n '__microbench_in convert' -s h -l help -d 'show this help message and exit'
complete -c microbench -n '__microbench_in convert' -s o -l outfile -r -F -d 'write a new FILE instead of printing'
complete -c microbench -n '__microbench_in convert' -l json -d 'print the counts as a line of JSON'
complete -c microbench -n __microbench_first -a completion -d 'print a script that completes words in bash, zsh or fish'
complete -c microbench -n '__microbench_in completion' -a 'bash zsh fish'
complete -c microbench -n '__microbench_in completion' -s h -l help -d 'show this help message and exit'
