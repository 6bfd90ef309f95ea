"""What is in the image, as SPDX 2.3: ordeal, and the packages whose files it has."""
import platform

from layout import MACHINES, as_json


def package(name, version, more):
    return {"SPDXID": f"SPDXRef-{name.replace('_', '-')}", "name": name, "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", **more}


def of_debian(name, version, source, source_version):
    machine = MACHINES.get(platform.machine(), platform.machine())
    return package("deb-" + name, version, {
        "name": name, "sourceInfo": f"built from {source} {source_version}",
        "licenseComments": f"/usr/share/doc/{name}/copyright",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{name.replace('+', '%2B')}@{version.replace('+', '%2B')}?arch={machine}"}]})


def write_sbom(path, image, made, packages, version, date):
    ours = package("ordeal", version, {"licenseDeclared": "Apache-2.0", "licenseConcluded": "Apache-2.0"})
    parts = [of_debian(*p) for p in packages]
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": image,
        "documentNamespace": "https://ordeal.dev/spdx/" + made["digest"].replace(":", "-"),
        "creationInfo": {"created": date, "creators": [f"Tool: ordeal-image-build-{version}"]},
        "packages": [ours, *parts],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": p["SPDXID"]} for p in [ours, *parts]]}
    with open(path, "wb") as f:
        f.write(as_json(document))
