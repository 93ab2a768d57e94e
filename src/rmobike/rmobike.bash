# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
# shellcheck shell=bash
#
# Completion of rmobike for bash: installed as
# <datadir>/bash-completion/completions/rmobike

# Values of a key in the daemon's list of IKE_SAs, or nothing. Peers choose
# their names: only what means nothing to a shell may end up in its line.
_rmobike_values()
{
	rmobike --status --raw --timeout 2 2>/dev/null |
		grep -oE "[{ ]$1=[^ {}]+" | cut -d= -f2- |
		grep -xE '[A-Za-z0-9_.:][A-Za-z0-9_.:-]*' | sort -u
}

# Addresses of this machine that a gateway may be reached at
_rmobike_addresses()
{
	ip -o address show scope global 2>/dev/null |
		awk '{ sub("/.*", "", $4); print $4 }'
}

# Values of option $2 of command $1, nothing if they can't be known
_rmobike_option_values()
{
	case "$1 $2" in
		*" --debug"|*" -v")
			echo 0 1 2 3 4
			;;
		*" --fallback"|*" -F")
			echo mobike mobike,redirect none redirect
			;;
		*" --to"|"--drain -t"|"-d -t"|"--leave -t"|"-l -t"|"--switch -t"|"-s -t"|\
		*" --local-ip"|*" -l")
			_rmobike_addresses
			;;
		*" --ike"|*" -i")
			_rmobike_values name
			;;
		*" --ike-id"|*" -I")
			_rmobike_values id
			;;
		*" --peer-ip"|"--switch -p"|"-s -p")
			_rmobike_values remote
			;;
		*)
			return
			;;
	esac
}

# Whether option $2 of command $1 needs a value
_rmobike_needs_value()
{
	case "$1 $2" in
		"--stats -p"|"-t -p")
			return 1
			;;
		*" --exec"|*" -e"|*" --exec-timeout"|*" -E"|\
		*" --uri"|*" -u"|*" --timeout"|*" -T"|*" --debug"|*" -v"|\
		*" --max-in-flight"|*" -m"|*" --rate"|*" -R"|\
		*" --max-failures"|*" -f"|*" --fallback"|*" -F"|\
		*" --reason"|*" -x"|\
		*" --to"|*" -t"|*" --ike"|*" -i"|*" --ike-id"|*" -I"|\
		*" --peer-ip"|*" -p"|*" --peer-id"|*" -d"|*" --local-ip"|*" -l")
			return 0
			;;
	esac
	return 1
}

_rmobike()
{
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD-1]}
	local command=${COMP_WORDS[1]}
	local common="--uri --timeout --raw --pretty --json --debug --help"
	local move="--max-in-flight --rate --max-failures --dry-run --wait --no-wait
		$common"
	local words=

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]
	then
		words="--switch --drain --undrain --leave --check --balance --prefer --cancel
			--status --list-addresses --monitor --stats --cluster --takeover --help --version"
	elif [ "$COMP_CWORD" -gt 2 ] && _rmobike_needs_value "$command" "$previous"
	then
		words=$(_rmobike_option_values "$command" "$previous")
	else
		case $command in
			--switch|-s)
				words="--to --ike --ike-id --peer-ip --peer-id --local-ip --all
					--fallback $move"
				;;
			--drain|-d)
				words="--to --fallback --reason $move"
				[ "$COMP_CWORD" != 2 ] || words+=" $(_rmobike_addresses)"
				;;
			--undrain|-u)
				words=$common
				[ "$COMP_CWORD" != 2 ] || words+=" $(_rmobike_addresses)"
				;;
			--leave|-l)
				words="--to --fallback --max-in-flight --rate $common"
				;;
			--check|-k)
				words="--to --fallback $common"
				;;
			--balance|-b|--prefer|-p)
				words=$move
				;;
			--stats|-t)
				words="--prometheus $common"
				;;
			--monitor|-m)
				words="--exec --exec-timeout $common"
				;;
			--cancel|-c|--status|-S|--list-addresses|-L|--cluster|-C|--takeover|-T)
				words=$common
				;;
		esac
	fi

	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
} &&
complete -F _rmobike rmobike
