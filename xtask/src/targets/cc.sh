#!/bin/sh
# Stands for a compiler and a linker of C where only Rust is checked: makes an empty file of each one that it is to make.
while [ $# -gt 0 ]; do
    case $1 in
    -o) : >"$2"; shift ;;
    [-/]out:*) : >"${1#?out:}" ;;
    [-/]Fo*) : >"${1#?Fo}" ;;
    -o*) : >"${1#-o}" ;;
    *.a) : >"$1" ;;
    esac
    shift
done
