# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_authsome_global_optspecs
    string join \n home= profile= json q/quiet no-color exec-path= V/version h/help
end

function __fish_authsome_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_authsome_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_authsome_using_subcommand
    set -l cmd (__fish_authsome_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c authsome -n "__fish_authsome_needs_command" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -f -a "(__fish_complete_directories)"
complete -c authsome -n "__fish_authsome_needs_command" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_needs_command" -l exec-path -d 'Print where the programs are, or look for commands in DIR first' -r -f -a "(__fish_complete_directories)"
complete -c authsome -n "__fish_authsome_needs_command" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_needs_command" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_needs_command" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_needs_command" -s V -l version -d 'Print the version'
complete -c authsome -n "__fish_authsome_needs_command" -s h -l help -d 'Print this help'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "conform" -d 'Test a helper against the protocol'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "connection" -d 'Manage several accounts of one provider'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "credential" -d 'Tell what goes where; the default helper of the role credential'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "demo" -d 'Watch a login, a vault and a run against an embedded provider'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "export" -d 'Print a credential as variables or as a header'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "flow" -d 'Speak OAuth; the default helper of the role flow'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "get" -d 'Show a connection'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "inspect" -d 'Print a provider\'s definition'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "list" -d 'List providers and connections'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "login" -d 'Log in to a provider and keep the credential'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "logout" -d 'Forget a connection on this machine'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "proxy" -d 'Put credentials on requests; the default helper of the role proxy'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "remove" -d 'Remove your own definition of a provider'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "revoke" -d 'Withdraw a provider\'s tokens, then forget them'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "run" -d 'Run a command that uses credentials without seeing them'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "vault" -d 'Read and write records; the default helper of the role vault'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "whoami" -d 'Show which home, profile and helpers are in use'
complete -c authsome -n "__fish_authsome_needs_command" -f -a "help" -d 'Show a command\'s help'
complete -c authsome -n "__fish_authsome_using_subcommand conform" -l home -d 'Use this home, as it is, instead of an empty one (a credential source needs connections)' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand conform" -l only -d 'Play only the cases whose names contain this text' -r
complete -c authsome -n "__fish_authsome_using_subcommand conform" -l json -d 'Print one JSON document for each case'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -f -a "list" -d 'List a provider\'s connections'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -f -a "set-default" -d 'Use this connection when none is named'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -f -a "rename" -d 'Give a connection another name'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and not __fish_seen_subcommand_from list set-default rename trust" -f -a "trust" -d 'Let a directory\'s .authsome.json choose, as it is now'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from list" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from list" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from list" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from set-default" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from set-default" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from set-default" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from set-default" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from set-default" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from rename" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from rename" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from rename" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from rename" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from trust" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from trust" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from trust" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand connection; and __fish_seen_subcommand_from trust" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand credential" -l authsome-helper -d 'Speak the helper protocol on stdin and stdout' -r -f -a "credential\t''"
complete -c authsome -n "__fish_authsome_using_subcommand credential" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand credential" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand credential" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand credential" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand credential" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand demo" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand demo" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand demo" -l browser -d 'Use your own browser instead of a scripted one'
complete -c authsome -n "__fish_authsome_using_subcommand demo" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand demo" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand demo" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand export" -l connection -d 'Connection to export, when there are several' -r
complete -c authsome -n "__fish_authsome_using_subcommand export" -l format -d 'Form of the output, by the program that reads it' -r -f -a "env\t'export NAME=\'value\', for eval in sh, bash and zsh'
dotenv\t'NAME=value, quoted where it must be, for a .env file'
shell\t'NAME=\'value\'; export NAME, for eval in any POSIX shell'
json\t'One JSON object'
fish\t'set -gx NAME \'value\', for fish'
powershell\t'$Env:NAME = \'value\', for PowerShell'
env-file\t'NAME=value as it is, for docker run --env-file and kubectl --from-env-file'
github-env\t'NAME=value, or several lines with a delimiter, for the file $GITHUB_ENV'
header\t'Authorization: Bearer value, or what the provider wants, for curl -H @FILE'"
complete -c authsome -n "__fish_authsome_using_subcommand export" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand export" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand export" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand export" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand export" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand flow" -l authsome-helper -d 'Speak the helper protocol on stdin and stdout' -r -f -a "flow\t''"
complete -c authsome -n "__fish_authsome_using_subcommand get" -l connection -d 'Connection to show, when there are several' -r
complete -c authsome -n "__fish_authsome_using_subcommand get" -l field -d 'Print this field alone (status, scopes, account.label, …)' -r
complete -c authsome -n "__fish_authsome_using_subcommand get" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand get" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand get" -l show-secret -d 'Show the access token or API key too, renewed if due'
complete -c authsome -n "__fish_authsome_using_subcommand get" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand get" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand get" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -l connection -d 'Show the definition as this connection uses it, with its base URL' -r
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand inspect" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand list" -l connection -d 'Only connections of this name' -r
complete -c authsome -n "__fish_authsome_using_subcommand list" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand list" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand list" -l connected -d 'Only providers that are connected'
complete -c authsome -n "__fish_authsome_using_subcommand list" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand list" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand list" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l connection -d 'Name of the connection, for several accounts of one provider [default: the one set, else default]' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l flow -d 'Flow to use instead of the definition\'s' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l scopes -d 'Scopes to ask for, separated by commas; +SCOPE adds to the definition\'s' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l base-url -d 'Base URL of a self-hosted provider' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l client-id -d 'OAuth client to use (its secret is asked for)' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l timeout -d 'How long to wait for a person, in seconds' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand login" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand login" -l force -d 'Log in again although connected; confirm a changed definition'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l reset-client -d 'Log in anew with another OAuth client, asked for or registered, in place of the stored one'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l stdin -d 'Read the secret from stdin: a key alone, or {"client_id":…,"client_secret":…}'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l no-browser -d 'Do not open a browser; print the addresses'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l no-input -d 'Ask nobody anything; fail when a person is needed'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l no-check -d 'Store without trying the credential'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand login" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand login" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand logout" -l connection -d 'Connection to forget, when there are several' -r
complete -c authsome -n "__fish_authsome_using_subcommand logout" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand logout" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand logout" -s y -l yes -d 'Do not ask; needed where there is no terminal'
complete -c authsome -n "__fish_authsome_using_subcommand logout" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand logout" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand logout" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l connection -d 'Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l only -d 'Only these providers, separated by commas' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l allow -d 'Host that is let through over https although --strict, at port 443 or the one that is named' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l connect-to -d 'Dial this loopback address for HOST:PORT; routing and certificates keep HOST' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l upstream-ca -d 'Trust these certificates, too, for connections to providers' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l listen -d 'Listen on this address instead of a loopback port of the system\'s choice, as for containers' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l strict -d 'Refuse requests that no provider has a rule for'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l allow-private -d 'Let the proxy dial private and loopback addresses'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l i-know -d 'Let --listen take an address that is neither loopback nor private'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l no-connection-header -d 'Leave out the response header that names the connection used'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l status -d 'Print counters as a JSON line for every line on stdin, and at the end'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand proxy" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand remove" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand remove" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand remove" -s y -l yes -d 'Do not ask; needed where there is no terminal'
complete -c authsome -n "__fish_authsome_using_subcommand remove" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand remove" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand remove" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -l connection -d 'Only this connection' -r
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -s y -l yes -d 'Do not ask; needed where there is no terminal'
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand revoke" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l connection -d 'Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l only -d 'Only these providers, separated by commas' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l allow -d 'Host that is let through over https although --strict, at port 443 or the one that is named' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l connect-to -d 'Dial this loopback address for HOST:PORT; routing and certificates keep HOST' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l upstream-ca -d 'Trust these certificates, too, for connections to providers' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand run" -l listen -d 'Listen on this address instead of a loopback port of the system\'s choice, as for containers' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand run" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand run" -l strict -d 'Refuse requests that no provider has a rule for'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l allow-private -d 'Let the proxy dial private and loopback addresses'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l i-know -d 'Let --listen take an address that is neither loopback nor private'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l no-connection-header -d 'Leave out the response header that names the connection used'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand run" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand run" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -f -a "get" -d 'Print records: {"key":…,"rev":…,"status":…,…}'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -f -a "list" -d 'Print the records of the profile, or of one NAME'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -f -a "put" -d 'Write an entry, read from stdin: {"record":{…},"secret":{…}}'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and not __fish_seen_subcommand_from get list put erase" -f -a "erase" -d 'Erase an entry; one that is not there is no error'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -l batch -d 'Read names from stdin, one a line, and answer each at once'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from get" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from list" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from list" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from list" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l if-rev -d 'Only when the entry still has this revision' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l if-missing -d 'Only when there is no such entry yet'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from put" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -l if-rev -d 'Only when the entry still has this revision' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand vault; and __fish_seen_subcommand_from erase" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand whoami" -l home -d 'Where authsome keeps its files [default: ~/.authsome]' -r -F
complete -c authsome -n "__fish_authsome_using_subcommand whoami" -l profile -d 'Use the connections of this profile' -r
complete -c authsome -n "__fish_authsome_using_subcommand whoami" -l json -d 'Answer in JSON, errors too'
complete -c authsome -n "__fish_authsome_using_subcommand whoami" -s q -l quiet -d 'Say nothing but what was asked for'
complete -c authsome -n "__fish_authsome_using_subcommand whoami" -l no-color -d 'Do not colour messages'
complete -c authsome -n "__fish_authsome_using_subcommand help" -s a -l all -d 'All commands, drop-ins too'
