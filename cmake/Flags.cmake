# One INTERFACE target carries every warning and hardening flag. Each flag is probed, and each one that the compiler
# does not know is printed, so that nothing is dropped in silence.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

option(ORDEAL_WERROR "Warnings are errors" OFF)
option(ORDEAL_FUZZ "Build the libFuzzer targets (clang)" OFF)
set(ORDEAL_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

add_library(ordeal_flags INTERFACE)
target_compile_definitions(ordeal_flags INTERFACE _GNU_SOURCE ORDEAL_VERSION="${PROJECT_VERSION}")
target_include_directories(ordeal_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})

function(ordeal_flag flag)
	string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
	check_c_compiler_flag(${flag} ${have})
	if(${have})
		target_compile_options(ordeal_flags INTERFACE ${flag})
	else()
		message(STATUS "dropped, the compiler does not know it: ${flag}")
	endif()
endfunction()

foreach(flag -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
		-Wold-style-definition -Wformat=2 -Wvla -Walloca -Wundef -Wcast-qual -Wcast-align
		-Wpointer-arith -Wwrite-strings -Wconversion -Wimplicit-fallthrough -Wswitch-enum
		-Wdouble-promotion -Wnull-dereference -Wdate-time -Wlogical-op -Wduplicated-cond
		-Wduplicated-branches
		-fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-common
		-fno-delete-null-pointer-checks -fno-strict-overflow -ftrivial-auto-var-init=zero
		-fzero-call-used-regs=used-gpr -fstrict-flex-arrays=3 -fvisibility=hidden)
	ordeal_flag(${flag})
endforeach()
target_compile_options(ordeal_flags INTERFACE -std=gnu17 -fPIE $<$<BOOL:${ORDEAL_WERROR}>:-Werror>)
target_link_options(ordeal_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>
	-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

# Where it was built is of no account: an error says which of our files it is of.
# ccache may have made the path relative.
file(RELATIVE_PATH up ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/)
target_compile_options(ordeal_flags INTERFACE
	$<$<CONFIG:Release>:-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= -fmacro-prefix-map=${up}=>)

# What no one calls is not shipped.
target_compile_options(ordeal_flags INTERFACE $<$<CONFIG:Release>:-ffunction-sections -fdata-sections>)
target_link_options(ordeal_flags INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)
# Names are for debuggers and profilers: they have RelWithDebInfo, and what is shipped is stripped.
target_link_options(ordeal_flags INTERFACE $<$<CONFIG:Release>:-Wl,--strip-all>)
# Nothing here is unwound; with -g debuggers get their tables from .debug_frame.
target_compile_options(ordeal_flags INTERFACE
	$<$<CONFIG:Release>:-fno-asynchronous-unwind-tables -fno-unwind-tables>)
# Tables of texts and functions need a relocation each; packed, they are a bit each (DT_RELR, glibc 2.36).
check_linker_flag(C -Wl,-z,pack-relative-relocs HAVE_pack_relative_relocs)
if(HAVE_pack_relative_relocs)
	target_link_options(ordeal_flags INTERFACE $<$<CONFIG:Release>:-Wl,-z,pack-relative-relocs>)
endif()

# ordeal_small(NAME...): stages that run once, where what counts is how much there is to load.
function(ordeal_small)
	foreach(name ${ARGN})
		target_compile_options(ordeal_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
	endforeach()
endfunction()

if(ORDEAL_FUZZ)
	target_compile_options(ordeal_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ORDEAL_SANITIZE)
	target_compile_options(ordeal_flags INTERFACE -fsanitize=${ORDEAL_SANITIZE} -fno-omit-frame-pointer)
	target_link_options(ordeal_flags INTERFACE -fsanitize=${ORDEAL_SANITIZE})
	target_compile_definitions(ordeal_flags INTERFACE ORDEAL_SANITIZED=1)
else()
	target_compile_options(ordeal_flags INTERFACE
		$<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
endif()
