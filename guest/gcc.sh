#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gcc.sh: builds a C cross compiler for ia64 from Debian's gcc-12-source; prints its folder.
#
# It comes with libgcc (static, without an unwinder, which needs a C library's headers) and no C library:
# enough for kernels and for programs that bring their own. The folder may be moved.
. "$(dirname "$0")/lib.sh"
recipe gcc "$0"
prefix=/kvm-ia64-gcc
"$guest_dir/packages.sh" gcc

unpack() {
    rm -rf src.new
    mkdir src.new
    # The compiler's test suite, other languages and their libraries are most of the tarball.
    tar -xf /usr/src/gcc-12/gcc-12.*-dfsg.tar.xz -C src.new --strip-components=1 \
        --exclude='*/gcc/testsuite/g*' --exclude='*/gcc/ada' --exclude='*/gcc/d/dmd' --exclude='*/libgo' \
        --exclude='*/libphobos' --exclude='*/libsanitizer' --exclude='*/libstdc++-v3'
    mv src.new src
}

configure() {
    local tools=/usr/bin/ia64-linux-gnu

    rm -rf build
    mkdir build
    cd build
    # Debian's tarball lacks the manuals, so nothing may call makeinfo.
    ../src/configure --prefix="$prefix" --target=ia64-linux-gnu --enable-languages=c --with-newlib \
        --with-sysroot="$prefix/sysroot" --with-as=$tools-as --with-ld=$tools-ld --without-isl --without-zstd \
        --disable-shared --disable-threads --disable-nls --disable-multilib --disable-bootstrap \
        --disable-lto --disable-plugin --disable-analyzer --disable-libcc1 --disable-libssp \
        --disable-libgomp --disable-libquadmath --disable-libatomic --disable-libsanitizer \
        --disable-libvtv --disable-libitm --disable-libstdcxx --disable-gcov --disable-decimal-float \
        MAKEINFO=true CFLAGS='-O1 -g0' CXXFLAGS='-O1 -g0' CFLAGS_FOR_BUILD='-O1 -g0' \
        CXXFLAGS_FOR_BUILD='-O1 -g0' CFLAGS_FOR_TARGET='-O2 -g0'
}

compiler() { make -C build -j"$jobs" all-gcc MAKEINFO=true; }

libgcc() { make -C build -j"$jobs" all-target-libgcc; }

# "make install-gcc" wants the manuals, so the parts are installed by name.
stage() {
    rm -rf stage
    make -C build/gcc install-driver install-common install-headers MAKEINFO=true DESTDIR="$work/stage"
    make -C build install-target-libgcc DESTDIR="$work/stage"
    strip "stage$prefix"/bin/* "stage$prefix"/libexec/gcc/*/*/cc1
}

step "unpack" unpack
step "configure" configure
step "build the compiler (6 to 10 min)" compiler
step "build libgcc" libgcc
step "install" stage
publish "$work/stage$prefix"
