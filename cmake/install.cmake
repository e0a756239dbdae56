# SPDX-License-Identifier: LGPL-2.1-or-later
# What `cmake --install` puts beside the program and the filters (tools/nwgate). Nothing goes to /etc: the settings file is an
# example, which an administrator copies.
install(FILES xml-schema/binding.rng xml-schema/common.rng xml-schema/filter.rng
  DESTINATION ${CMAKE_INSTALL_DATADIR}/nwgate/xml-schema)
install(FILES docs/man/nwgate.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/nwgate.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/nwgate-filters.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
install(FILES tools/nwgate/completion.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME nwgate)
install(FILES README.md CHANGELOG.md CONTRIBUTING.md LICENSE docs/nwgate.conf.example DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN man EXCLUDE)
