# ordeal_library(NAME DEPENDS...): one static library per folder, of all the .c files in it.
function(ordeal_library name)
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
	if(sources)
		add_library(ordeal_${name} STATIC ${sources})
		target_link_libraries(ordeal_${name} PUBLIC ordeal_flags ${ARGN})
	else()
		add_library(ordeal_${name} INTERFACE)
		target_link_libraries(ordeal_${name} INTERFACE ordeal_flags ${ARGN})
	endif()
endfunction()

# ordeal_in_modules(): the sources of this folder are in a module too (scheduler/cluster), so position-independent.
function(ordeal_in_modules)
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
	set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "-fPIC")
endfunction()

# ordeal_module(NAME SOURCE LIBRARIES...): ordeal-NAME.so, which `ordeal` opens at first use (base/module.h). Its folder's sources
# are position-independent.
macro(ordeal_module name source)
	ordeal_in_modules()
	add_library(ordeal-${name} MODULE ${source})
	set_target_properties(ordeal-${name} PROPERTIES PREFIX "")
	target_link_libraries(ordeal-${name} PRIVATE ${ARGN})
	if(NOT ORDEAL_SANITIZE)
		target_link_options(ordeal-${name} PRIVATE -Wl,-z,defs) # what is missing is told here, not when it is opened
	endif()
	install(TARGETS ordeal-${name} LIBRARY DESTINATION ${ORDEAL_MODULES})
endmacro()

# ordeal_test_program(NAME LABEL TIMEOUT SOURCE LIBRARIES...): a cmocka program. Exit status 77 means "cannot run here".
# A time limit ends what hangs, and measures nothing: it is three times what is given, for sanitizers and busy machines.
function(ordeal_test_program name label timeout source)
	math(EXPR timeout "3 * ${timeout}")
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE ${ARGN} ordeal_flags cmocka)
	target_compile_definitions(${name} PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}"
		BUILD_DIR="${PROJECT_BINARY_DIR}")
	target_compile_options(${name} PRIVATE -Wno-unused-parameter -Wno-format-truncation)
	add_test(NAME ${label}.${name} COMMAND ${name})
	set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout}
		SKIP_RETURN_CODE 77)
endfunction()

# ordeal_bats(NAME LABEL TIMEOUT FILE): one bats file. It finds the build in $BUILD_DIR and the sources in $SOURCE_DIR.
# A file that cannot run on this machine exits 77: tests/bats.sh says so when every test skips.
function(ordeal_bats name label timeout file)
	math(EXPR timeout "3 * ${timeout}")
	add_test(NAME ${label}.${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/bats.sh ${file})
	set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77
		ENVIRONMENT "BUILD_DIR=${PROJECT_BINARY_DIR};SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

# Tests of the label `cluster` speak to the one control plane of tests/cluster, which ctest brings up before the first and
# takes down after the last of them. $CLUSTER is its directory, $KUBECONFIG an admin's; who cannot have one exits 77. Who may
# take longest comes first, so that none is left to run alone at the end.
function(ordeal_cluster_test name timeout)
	add_test(NAME cluster.${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/alone.sh ${PROJECT_SOURCE_DIR}/tests/cluster/with
		${ARGN})
	set_tests_properties(cluster.${name} PROPERTIES LABELS cluster TIMEOUT ${timeout} COST ${timeout} SKIP_RETURN_CODE 77)
	ordeal_cluster_plane(${name} cluster ${PROJECT_BINARY_DIR}/cluster)
endfunction()

# ordeal_cluster_plane(NAME FIXTURE DIR): the control plane that the test is for.
function(ordeal_cluster_plane name fixture dir)
	set_tests_properties(cluster.${name} PROPERTIES FIXTURES_REQUIRED ${fixture}
		ENVIRONMENT "CLUSTER=${dir};KUBECONFIG=${dir}/kubeconfig;BUILD_DIR=${PROJECT_BINARY_DIR};SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

# ordeal_cluster_sweeps(N NAME...): a rescue from another machine sweeps the whole cluster: those that sweep, and those that leave
# something for a sweep, have one of the two control planes for that, one after the other.
function(ordeal_cluster_sweeps n)
	foreach(name ${ARGN})
		ordeal_cluster_plane(${name} sweep-${n} ${PROJECT_BINARY_DIR}/cluster-sweep-${n})
		set_tests_properties(cluster.${name} PROPERTIES RESOURCE_LOCK sweep-${n})
	endforeach()
endfunction()

# ordeal_cluster_bats(NAME TIMEOUT FILE): one bats file; `load cluster` (or ../cluster) gives it what they share.
function(ordeal_cluster_bats name timeout file)
	ordeal_cluster_test(${name} ${timeout} ${PROJECT_SOURCE_DIR}/tests/bats.sh ${file})
endfunction()

# ordeal_cluster_program(NAME TIMEOUT SOURCE LIBRARIES...): a cmocka program.
function(ordeal_cluster_program name timeout source)
	add_executable(cluster_${name} ${source})
	target_link_libraries(cluster_${name} PRIVATE ${ARGN} ordeal_flags cmocka)
	target_compile_options(cluster_${name} PRIVATE -Wno-unused-parameter -Wno-format-truncation)
	ordeal_cluster_test(${name} ${timeout} $<TARGET_FILE:cluster_${name}>)
endfunction()

# ordeal_table(LIST_DEF): the table of injectors comes from list.def: one entry, one file of the symbol's name beside it.
# Sets `declared` and `listed`. An entry whose file is not there is left out, and tests/unit/test_table.c fails. noop is
# in both programs' tables.
function(ordeal_table list)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
	get_filename_component(folder ${list} DIRECTORY)
	file(STRINGS ${list} entries REGEX "^ORD_FAULT\\([a-z0-9_]+,")
	set(all_declared "")
	set(all_listed "")
	foreach(entry ${entries})
		string(REGEX REPLACE "^ORD_FAULT\\(([a-z0-9_]+),.*" "\\1" symbol "${entry}")
		if(EXISTS ${folder}/${symbol}.c)
			string(APPEND all_declared "extern const struct ord_injector inj_${symbol};\n")
			string(APPEND all_listed "\t&inj_${symbol},\n")
		endif()
	endforeach()
	set(declared "${all_declared}" PARENT_SCOPE)
	set(listed "${all_listed}" PARENT_SCOPE)
endfunction()
