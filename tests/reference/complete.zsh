# SPDX-License-Identifier: Apache-2.0
#
# complete.zsh REFERENCE LINE: prints what zsh completes at the end of LINE. Completion needs a line editor, and that a
# terminal: a second shell has a pseudo-terminal, is told to complete, and writes what it would offer into a file.
if [[ -n $OFFERS ]]; then
	fpath=($REFERENCE $fpath) PS1=
	autoload -Uz compinit && compinit -u -d $PWD/dump
	bindkey '^I' complete-word
	compadd() {
		local -a hits
		[[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || { builtin compadd -A hits "$@"; print -rl -- $hits >>$OFFERS }
		builtin compadd "$@"
	}
	tell_end() { : >$OFFERS.done }
	comppostfuncs=(tell_end)
	: >$OFFERS.ready
	return
fi

wait_for() {
	repeat 500; do
		[[ ! -e $1 ]] || return 0
		sleep 0.02
	done
	print -u2 "$1 has not come" && exit 1
}

zmodload zsh/zpty
export REFERENCE=$1 OFFERS=$PWD/offers
rm -f $OFFERS{,.ready,.done}
: >$OFFERS
zpty shell zsh -f -i
zpty -w shell "source ${(q)ZSH_ARGZERO}"
wait_for $OFFERS.ready
zpty -w -n shell "$2"$'\t'
wait_for $OFFERS.done
zpty -d shell
cat $OFFERS
