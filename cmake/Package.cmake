# The Debian package, of a release build: ./dev deb. It has no scripts of its own: units come disabled, and the group, the folders in
# /etc and the mode of the injector are made by systemd-sysusers and systemd-tmpfiles at the next boot, or when one asks for them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ordeal)
set(CPACK_PACKAGE_CONTACT "The maintainers of ordeal" CACHE STRING "who answers for the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "chaos engineering and resilience testing for Linux and Kubernetes")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Breaks a system on purpose and measures what its users see, when somebody notices
and how it recovers: network, CPU, memory and process faults on Linux hosts and in
their containers, pods, nodes and networks of Kubernetes through its API. Each fault
has a lease and is taken back whatever dies.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, ca-certificates, sudo, systemd, tzdata")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
set(CPACK_POST_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageDone.cmake)
# With the prefix itself, the paths in units are those that the package has.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ordeal RENAME copyright)
install(FILES README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ordeal)
include(CPack)
