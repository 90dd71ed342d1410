#compdef authsome

autoload -U is-at-least

_authsome() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files -/' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--exec-path=[Print where the programs are, or look for commands in DIR first]::DIR:_files -/' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
'-V[Print the version]' \
'--version[Print the version]' \
'-h[Print this help]' \
'--help[Print this help]' \
":: :_authsome_commands" \
"*::: :->authsome" \
&& ret=0
    case $state in
    (authsome)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:authsome-command-$line[1]:"
        case $line[1] in
            (conform)
_arguments "${_arguments_options[@]}" : \
'--home=[Use this home, as it is, instead of an empty one (a credential source needs connections)]:DIR:_files' \
'--only=[Play only the cases whose names contain this text]:TEXT:_default' \
'--json[Print one JSON document for each case]' \
':role -- What the helper serves:(vault flow credential proxy)' \
'*::helper -- The helper'\''s program and arguments, as in\: -- ./authsome-vault-pass:_default' \
&& ret=0
;;
(connection)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
":: :_authsome__subcmd__connection_commands" \
"*::: :->connection" \
&& ret=0

    case $state in
    (connection)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:authsome-connection-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider:_default' \
&& ret=0
;;
(set-default)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider:_default' \
':connection -- Connection:_default' \
&& ret=0
;;
(rename)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider:_default' \
':from -- Its name now:_default' \
':to -- Its name from now on:_default' \
&& ret=0
;;
(trust)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
'::directory -- Directory of the file:_files' \
&& ret=0
;;
        esac
    ;;
esac
;;
(credential)
_arguments "${_arguments_options[@]}" : \
'--authsome-helper=[Speak the helper protocol on stdin and stdout]:ROLE:(credential)' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--browser[Use your own browser instead of a scripted one]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'--connection=[Connection to export, when there are several]:NAME:_default' \
'--format=[Form of the output, by the program that reads it]:FORMAT:((env\:"export NAME='\''value'\'', for eval in sh, bash and zsh"
dotenv\:"NAME=value, quoted where it must be, for a .env file"
shell\:"NAME='\''value'\''; export NAME, for eval in any POSIX shell"
json\:"One JSON object"
fish\:"set -gx NAME '\''value'\'', for fish"
powershell\:"\$Env\:NAME = '\''value'\'', for PowerShell"
env-file\:"NAME=value as it is, for docker run --env-file and kubectl --from-env-file"
github-env\:"NAME=value, or several lines with a delimiter, for the file \$GITHUB_ENV"
header\:"Authorization\: Bearer value, or what the provider wants, for curl -H @FILE"))' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider of the connection:_default' \
&& ret=0
;;
(flow)
_arguments "${_arguments_options[@]}" : \
'--authsome-helper=[Speak the helper protocol on stdin and stdout]:ROLE:(flow)' \
&& ret=0
;;
(get)
_arguments "${_arguments_options[@]}" : \
'--connection=[Connection to show, when there are several]:NAME:_default' \
'--field=[Print this field alone (status, scopes, account.label, …)]:FIELD:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--show-secret[Show the access token or API key too, renewed if due]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider of the connection:_default' \
&& ret=0
;;
(inspect)
_arguments "${_arguments_options[@]}" : \
'--connection=[Show the definition as this connection uses it, with its base URL]:NAME:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider, or an alias of one:_default' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--connection=[Only connections of this name]:NAME:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--connected[Only providers that are connected]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
&& ret=0
;;
(login)
_arguments "${_arguments_options[@]}" : \
'--connection=[Name of the connection, for several accounts of one provider \[default\: the one set, else default\]]:NAME:_default' \
'--flow=[Flow to use instead of the definition'\''s]:FLOW:_default' \
'--scopes=[Scopes to ask for, separated by commas; +SCOPE adds to the definition'\''s]:SCOPES:_default' \
'--base-url=[Base URL of a self-hosted provider]:URL:_default' \
'--client-id=[OAuth client to use (its secret is asked for)]:ID:_default' \
'--timeout=[How long to wait for a person, in seconds]:SECONDS:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--force[Log in again although connected; confirm a changed definition]' \
'--reset-client[Log in anew with another OAuth client, asked for or registered, in place of the stored one]' \
'--stdin[Read the secret from stdin\: a key alone, or {"client_id"\:…,"client_secret"\:…}]' \
'--no-browser[Do not open a browser; print the addresses]' \
'--no-input[Ask nobody anything; fail when a person is needed]' \
'--no-check[Store without trying the credential]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider to log in to (see authsome list):_default' \
&& ret=0
;;
(logout)
_arguments "${_arguments_options[@]}" : \
'--connection=[Connection to forget, when there are several]:NAME:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'-y[Do not ask; needed where there is no terminal]' \
'--yes[Do not ask; needed where there is no terminal]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider of the connection:_default' \
&& ret=0
;;
(proxy)
_arguments "${_arguments_options[@]}" : \
'*--connection=[Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection]:PROVIDER=NAME:_default' \
'*--only=[Only these providers, separated by commas]:PROVIDER:_default' \
'*--allow=[Host that is let through over https although --strict, at port 443 or the one that is named]:HOST[:PORT]:_default' \
'*--connect-to=[Dial this loopback address for HOST\:PORT; routing and certificates keep HOST]:HOST:PORT=LOOPBACK:PORT:_default' \
'--upstream-ca=[Trust these certificates, too, for connections to providers]:FILE:_files' \
'--listen=[Listen on this address instead of a loopback port of the system'\''s choice, as for containers]:ADDRESS:PORT:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--strict[Refuse requests that no provider has a rule for]' \
'--allow-private[Let the proxy dial private and loopback addresses]' \
'--i-know[Let --listen take an address that is neither loopback nor private]' \
'--no-connection-header[Leave out the response header that names the connection used]' \
'--status[Print counters as a JSON line for every line on stdin, and at the end]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'-y[Do not ask; needed where there is no terminal]' \
'--yes[Do not ask; needed where there is no terminal]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider whose definition is your own:_default' \
&& ret=0
;;
(revoke)
_arguments "${_arguments_options[@]}" : \
'--connection=[Only this connection]:NAME:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'-y[Do not ask; needed where there is no terminal]' \
'--yes[Do not ask; needed where there is no terminal]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':provider -- Provider of the connections:_default' \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
'*--connection=[Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection]:PROVIDER=NAME:_default' \
'*--only=[Only these providers, separated by commas]:PROVIDER:_default' \
'*--allow=[Host that is let through over https although --strict, at port 443 or the one that is named]:HOST[:PORT]:_default' \
'*--connect-to=[Dial this loopback address for HOST\:PORT; routing and certificates keep HOST]:HOST:PORT=LOOPBACK:PORT:_default' \
'--upstream-ca=[Trust these certificates, too, for connections to providers]:FILE:_files' \
'--listen=[Listen on this address instead of a loopback port of the system'\''s choice, as for containers]:ADDRESS:PORT:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--strict[Refuse requests that no provider has a rule for]' \
'--allow-private[Let the proxy dial private and loopback addresses]' \
'--i-know[Let --listen take an address that is neither loopback nor private]' \
'--no-connection-header[Leave out the response header that names the connection used]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
'*::command -- Command to run, with its arguments:_cmdambivalent' \
&& ret=0
;;
(vault)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
":: :_authsome__subcmd__vault_commands" \
"*::: :->vault" \
&& ret=0

    case $state in
    (vault)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:authsome-vault-command-$line[1]:"
        case $line[1] in
            (get)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'()--batch[Read names from stdin, one a line, and answer each at once]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
'*::names -- Whose record:_default' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
'::name -- Whose records; PROFILE/ or PROFILE/PROVIDER/ for all under it \[default\: the profile\]:_default' \
&& ret=0
;;
(put)
_arguments "${_arguments_options[@]}" : \
'--if-rev=[Only when the entry still has this revision]:REV:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'(--if-rev)--if-missing[Only when there is no such entry yet]' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':key -- Where\: PROVIDER/CONNECTION or a whole key:_default' \
&& ret=0
;;
(erase)
_arguments "${_arguments_options[@]}" : \
'--if-rev=[Only when the entry still has this revision]:REV:_default' \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
':key -- What\: PROVIDER/CONNECTION or a whole key:_default' \
&& ret=0
;;
        esac
    ;;
esac
;;
(whoami)
_arguments "${_arguments_options[@]}" : \
'--home=[Where authsome keeps its files \[default\: ~/.authsome\]]:DIR:_files' \
'--profile=[Use the connections of this profile]:NAME:_default' \
'--json[Answer in JSON, errors too]' \
'-q[Say nothing but what was asked for]' \
'--quiet[Say nothing but what was asked for]' \
'--no-color[Do not colour messages]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
'-a[All commands, drop-ins too]' \
'--all[All commands, drop-ins too]' \
'::command:(conform connection credential demo export flow get inspect list login logout proxy remove revoke run vault whoami)' \
&& ret=0
;;
        esac
    ;;
esac
}

(( $+functions[_authsome_commands] )) ||
_authsome_commands() {
    local commands; commands=(
'conform:Test a helper against the protocol' \
'connection:Manage several accounts of one provider' \
'credential:Tell what goes where; the default helper of the role credential' \
'demo:Watch a login, a vault and a run against an embedded provider' \
'export:Print a credential as variables or as a header' \
'flow:Speak OAuth; the default helper of the role flow' \
'get:Show a connection' \
'inspect:Print a provider'\''s definition' \
'list:List providers and connections' \
'login:Log in to a provider and keep the credential' \
'logout:Forget a connection on this machine' \
'proxy:Put credentials on requests; the default helper of the role proxy' \
'remove:Remove your own definition of a provider' \
'revoke:Withdraw a provider'\''s tokens, then forget them' \
'run:Run a command that uses credentials without seeing them' \
'vault:Read and write records; the default helper of the role vault' \
'whoami:Show which home, profile and helpers are in use' \
'help:Show a command'\''s help' \
    )
    _describe -t commands 'authsome commands' commands "$@"
}
(( $+functions[_authsome__subcmd__conform_commands] )) ||
_authsome__subcmd__conform_commands() {
    local commands; commands=()
    _describe -t commands 'authsome conform commands' commands "$@"
}
(( $+functions[_authsome__subcmd__connection_commands] )) ||
_authsome__subcmd__connection_commands() {
    local commands; commands=(
'list:List a provider'\''s connections' \
'set-default:Use this connection when none is named' \
'rename:Give a connection another name' \
'trust:Let a directory'\''s .authsome.json choose, as it is now' \
    )
    _describe -t commands 'authsome connection commands' commands "$@"
}
(( $+functions[_authsome__subcmd__connection__subcmd__list_commands] )) ||
_authsome__subcmd__connection__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'authsome connection list commands' commands "$@"
}
(( $+functions[_authsome__subcmd__connection__subcmd__rename_commands] )) ||
_authsome__subcmd__connection__subcmd__rename_commands() {
    local commands; commands=()
    _describe -t commands 'authsome connection rename commands' commands "$@"
}
(( $+functions[_authsome__subcmd__connection__subcmd__set-default_commands] )) ||
_authsome__subcmd__connection__subcmd__set-default_commands() {
    local commands; commands=()
    _describe -t commands 'authsome connection set-default commands' commands "$@"
}
(( $+functions[_authsome__subcmd__connection__subcmd__trust_commands] )) ||
_authsome__subcmd__connection__subcmd__trust_commands() {
    local commands; commands=()
    _describe -t commands 'authsome connection trust commands' commands "$@"
}
(( $+functions[_authsome__subcmd__credential_commands] )) ||
_authsome__subcmd__credential_commands() {
    local commands; commands=()
    _describe -t commands 'authsome credential commands' commands "$@"
}
(( $+functions[_authsome__subcmd__demo_commands] )) ||
_authsome__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'authsome demo commands' commands "$@"
}
(( $+functions[_authsome__subcmd__export_commands] )) ||
_authsome__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'authsome export commands' commands "$@"
}
(( $+functions[_authsome__subcmd__flow_commands] )) ||
_authsome__subcmd__flow_commands() {
    local commands; commands=()
    _describe -t commands 'authsome flow commands' commands "$@"
}
(( $+functions[_authsome__subcmd__get_commands] )) ||
_authsome__subcmd__get_commands() {
    local commands; commands=()
    _describe -t commands 'authsome get commands' commands "$@"
}
(( $+functions[_authsome__subcmd__help_commands] )) ||
_authsome__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'authsome help commands' commands "$@"
}
(( $+functions[_authsome__subcmd__inspect_commands] )) ||
_authsome__subcmd__inspect_commands() {
    local commands; commands=()
    _describe -t commands 'authsome inspect commands' commands "$@"
}
(( $+functions[_authsome__subcmd__list_commands] )) ||
_authsome__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'authsome list commands' commands "$@"
}
(( $+functions[_authsome__subcmd__login_commands] )) ||
_authsome__subcmd__login_commands() {
    local commands; commands=()
    _describe -t commands 'authsome login commands' commands "$@"
}
(( $+functions[_authsome__subcmd__logout_commands] )) ||
_authsome__subcmd__logout_commands() {
    local commands; commands=()
    _describe -t commands 'authsome logout commands' commands "$@"
}
(( $+functions[_authsome__subcmd__proxy_commands] )) ||
_authsome__subcmd__proxy_commands() {
    local commands; commands=()
    _describe -t commands 'authsome proxy commands' commands "$@"
}
(( $+functions[_authsome__subcmd__remove_commands] )) ||
_authsome__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'authsome remove commands' commands "$@"
}
(( $+functions[_authsome__subcmd__revoke_commands] )) ||
_authsome__subcmd__revoke_commands() {
    local commands; commands=()
    _describe -t commands 'authsome revoke commands' commands "$@"
}
(( $+functions[_authsome__subcmd__run_commands] )) ||
_authsome__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'authsome run commands' commands "$@"
}
(( $+functions[_authsome__subcmd__vault_commands] )) ||
_authsome__subcmd__vault_commands() {
    local commands; commands=(
'get:Print records\: {"key"\:…,"rev"\:…,"status"\:…,…}' \
'list:Print the records of the profile, or of one NAME' \
'put:Write an entry, read from stdin\: {"record"\:{…},"secret"\:{…}}' \
'erase:Erase an entry; one that is not there is no error' \
    )
    _describe -t commands 'authsome vault commands' commands "$@"
}
(( $+functions[_authsome__subcmd__vault__subcmd__erase_commands] )) ||
_authsome__subcmd__vault__subcmd__erase_commands() {
    local commands; commands=()
    _describe -t commands 'authsome vault erase commands' commands "$@"
}
(( $+functions[_authsome__subcmd__vault__subcmd__get_commands] )) ||
_authsome__subcmd__vault__subcmd__get_commands() {
    local commands; commands=()
    _describe -t commands 'authsome vault get commands' commands "$@"
}
(( $+functions[_authsome__subcmd__vault__subcmd__list_commands] )) ||
_authsome__subcmd__vault__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'authsome vault list commands' commands "$@"
}
(( $+functions[_authsome__subcmd__vault__subcmd__put_commands] )) ||
_authsome__subcmd__vault__subcmd__put_commands() {
    local commands; commands=()
    _describe -t commands 'authsome vault put commands' commands "$@"
}
(( $+functions[_authsome__subcmd__whoami_commands] )) ||
_authsome__subcmd__whoami_commands() {
    local commands; commands=()
    _describe -t commands 'authsome whoami commands' commands "$@"
}

if [ "$funcstack[1]" = "_authsome" ]; then
    _authsome "$@"
else
    compdef _authsome authsome
fi
