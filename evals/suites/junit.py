"""The form of test results that build servers read: JUnit's XML.

A breach is a failure even where a threshold allows some of them, and so is a case that became
another thing than it was to become; what broke is an error: no reader takes either for a pass.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from interlock.evals.suites.gate import Gate
from interlock.evals.suites.measurement import Measurement
from interlock.evals.suites.suite import Case


def junit(measurement: Measurement) -> str:
    """Return the measurement as XML: a test for each case and each gate."""
    result = measurement.result
    broken = sum(case.is_broken for case in result.cases)
    faults = sum(case.is_fault for case in result.cases)
    missed = sum(not gate.held for gate in measurement.gates)
    suite = Element(
        "testsuite",
        name=result.suite,
        tests=str(len(result.cases) + len(measurement.gates)),
        failures=str(faults - broken + missed),
        errors=str(broken),
        skipped="0",
        time=f"{measurement.elapsed_ms / 1000:.3f}",
    )
    properties = SubElement(suite, "properties")
    about = {
        "revision": result.revision,
        "command": measurement.command,
        "digest": measurement.digest,
    }
    for name, value in about.items():
        SubElement(
            properties,
            "property",
            name=name,
            value=value,
        )
    for case in result.cases:
        _case(suite, result.suite, case)
    for gate in measurement.gates:
        _gate(suite, result.suite, gate)
    return tostring(
        suite,
        encoding="unicode",
        xml_declaration=True,
    )


def _case(suite: Element, name: str, case: Case) -> None:
    test = SubElement(
        suite,
        "testcase",
        classname=f"{name}.{case.kind}",
        name=case.id,
    )
    detail = _plain(case.detail)
    if case.is_broken:
        SubElement(
            test,
            "error",
            type=case.became,
            message=detail,
        )
    elif case.is_fault:
        SubElement(
            test,
            "failure",
            type=case.became,
            message=detail,
        )
    else:
        SubElement(test, "system-out").text = f"{case.became}: {detail}"


def _gate(suite: Element, name: str, gate: Gate) -> None:
    test = SubElement(
        suite,
        "testcase",
        classname=f"{name}.gate",
        name=gate.name,
    )
    if not gate.held:
        message = f"{gate.measured}; required: {gate.required}"
        SubElement(test, "failure", type="gate", message=message)


def _plain(text: str) -> str:
    """Return the text without characters that XML cannot hold."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "?" for char in text
    )
