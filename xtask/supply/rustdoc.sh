#!/bin/sh
# rustdoc that may print JSON, which only its unstable options do. Told to rustdoc alone: build scripts look at this variable, too.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
