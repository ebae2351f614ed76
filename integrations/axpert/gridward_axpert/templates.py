"""What real units answered, for the simulator to start from: text of each answer without `(` and CRC.

Widths, counts of fields and which queries are known at all are the devices' own; "composed" says where
no public capture of that block was found and the maker's document gave its form. Serial numbers are made up.
"""

from collections.abc import Mapping

HOURS_SBU = "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 0 0 0"
UP_TO_120 = "010 020 030 040 050 060 070 080 090 100 110 120"

# VM III, 4th generation, 48 V 5 kW. QPIGS in the form of a VMIII-5600, flags, schedules, BMS of a
# VMIII-4000 (firmware 60.10), factory defaults of a VMIII-6000, Q1 as firmware 74.40 sends it.
VM_III: Mapping[str, str] = {
    "QPI": "PI30",
    "QID": "92931909100001",
    "QSID": "1492931909100001005535",
    "QVFW": "VERFW:00074.40",
    "QVFW3": "VERFW:00025.12",
    "QMN": "VMIII-5000",
    "QGMN": "055",
    "QPIGS": "230.4 49.9 230.0 50.0 0368 0258 007 409 52.80 012 085 0041 03.4 238.6 00.00 00000 00010110"
    " 00 00 00811 010",
    "QMOD": "B",
    "QPIWS": "0" * 36,
    "QPIRI": "230.0 21.7 230.0 50.0 21.7 5000 5000 48.0 46.0 44.0 56.4 54.0 2 30 060 0 2 2 1 01 0 0 54.0"
    " 0 1 000",
    "QFLAG": "EakxyzDbdjuv",
    "QDI": "230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 1 0 1 0 54.0 0 1",
    "QMCHGCR": "010 020 030 040 050 060 070 080",
    "QMUCHGCR": "002 010 020 030 040 050 060",
    "QOPPT": HOURS_SBU,
    "QCHPT": HOURS_SBU,
    "QT": "20260902170554",
    "QBEQI": "0 060 030 060 030 58.40 000 120 0 0000",
    "QET": "00253800",
    "QLT": "00114100",
    "Q1": "00001 16971 01 00 00 026 033 022 029 02 00 000 0036 0000 0000 49.95 10 0 060 030 060 030 58.40 000"
    " 120 0 0000",
    "QBMS": "1 000 0 0 0 000 000 000 0000 0000",
    "QBOOT": "1",
}
# A VMIII-4000 on 24 V, whole: firmware 60.10, 24 fields in QPIGS, QPIWS and Q1 were not captured.
VM_III_24V: Mapping[str, str] = {
    **VM_III,
    "QVFW": "VERFW:00060.10",
    "QMN": "VMIII-4000",
    "QPIGS": "219.4 49.7 230.0 49.7 0368 0258 009 436 27.60 000 085 0049 01.2 184.1 00.00 00006 00010000"
    " 00 00 00151 011 0 01 0054",
    "QPIRI": "230.0 17.3 230.0 50.0 17.3 4000 4000 24.0 25.0 24.0 28.8 27.6 2 060 030 1 2 2 1 10 0 0 27.0"
    " 0 1",
    "QMCHGCR": UP_TO_120,
    "QMUCHGCR": "002 010 020 030 040 050 060 070 080 090 100",
    "QBEQI": "0 060 030 030 030 27.60 000 120 0 0000",
    "Q1": "00001 16971 01 00 00 026 033 022 029 02 00 000 0036 0000 0000 49.95 10 0 060 030 030 030 27.60 000"
    " 120 0 0000",
}
# Axpert MAX II 8 kW. QPGS0 composed: the 27 fields of an older unit and PV2.
MAX_8K: Mapping[str, str] = {
    "QPI": "PI30",
    "QID": "92932105105335",
    "QSID": "1492932105105335005535",
    "QVFW": "VERFW:00072.70",
    "QVFW3": "VERFW:00002.61",
    "QMN": "MKS2-8000",
    "QGMN": "044",
    "QPIGS": "222.6 49.9 230.1 50.0 0551 0499 006 398 54.30 000 061 0039 01.0 214.4 00.00 00000 00010110"
    " 00 00 00226 010",
    "QPIGS2": "01.0 202.0 00205 ",
    "QMOD": "B",
    "QPIWS": "0" * 36,
    "QPIRI": "230.0 34.7 230.0 50.0 34.7 8000 8000 48.0 51.0 48.0 55.2 55.0 2 010 040 0 2 3 9 01 0 0 52.0 1 1"
    " 480 0 140",
    "QFLAG": "EbkuzDajvxy",
    "QDI": "230.0 50.0 0030 44.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 0 54.0 0 1 000",
    "QMCHGCR": UP_TO_120,
    "QMUCHGCR": f"002 {UP_TO_120}",
    "QOPPT": "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 0 2 1",
    "QCHPT": HOURS_SBU,
    "QT": "20210726122606",
    "QBEQI": "1 030 030 080 021 55.40 224 030 0 0234",
    "QET": "00238800",
    "QLT": "00120400",
    "Q1": "00001 16971 01 00 00 026 033 022 029 02 00 000 0036 0000 0000 49.95 10 1 030 030 080 021 55.40 224"
    " 030 0 0234",
    "QBMS": "0 100 0 0 1 532 532 450 0000 0030",
    "QBATCD": "111",
    "QPGS0": "0 92932105105335 B 00 222.6 49.90 230.1 50.00 0551 0499 006 54.3 000 061 214.4 000 00551 00499"
    " 006 10100010 0 3 040 120 010 01 000 202.0 01",
}
# Axpert KS 5 kVA, 48 V: captures of QPIGS, QPIRI, QPIWS, QFLAG, QDI, Q1 and QPGS0.
KS_5K: Mapping[str, str] = {
    "QPI": "PI30",
    "QID": "9293333010501",
    "QVFW": "VERFW:00072.70",
    "QVFW2": "VERFW2:00000.00",
    "QPIGS": "000.0 00.0 230.0 49.9 0161 0119 003 460 57.50 012 100 0069 0014 103.8 57.45 00000 00110110"
    " 00 00 00856 010",
    "QMOD": "B",
    "QPIWS": "00000100000000000000000000000000",
    "QPIRI": "230.0 21.7 230.0 50.0 21.7 5000 4000 48.0 46.0 42.0 58.4 58.0 2 10 010 1 0 0 6 01 0 0 54.0 0 1",
    "QFLAG": "EakxyDbjuvz",
    "QDI": "230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 0 54.0 0 1 000",
    "QMCHGCR": "010 020 030 040 050 060",
    "QMUCHGCR": "002 010 020 030",
    "Q1": "00000 00000 01 01 00 059 045 053 068 00 00 000 0040 0580 0000 50.00 13",
    "QPGS0": "1 92931701100510 B 00 000.0 00.00 230.6 50.00 0275 0141 005 51.4 001 100 083.3 002 00574 00312"
    " 003 10100110 1 2 060 120 10 04 000",
    "QBOOT": "1",
    "QOPM": "00",
}
# A 3 kVA unit on 24 V (2021) whose heat sink field is a sensor's raw count.
KS_3K: Mapping[str, str] = {
    "QPI": "PI30",
    "QID": "92932004100002",
    "QVFW": "VERFW:00041.17",
    "QPIGS": "238.0 49.9 238.0 49.9 0382 0263 013 476 26.98 000 100 0620 0000 000.0 00.00 00000 10011101"
    " 00 04 00000 101",
    "QMOD": "L",
    "QPIWS": "0" * 32,
    "QPIRI": "230.0 13.0 230.0 50.0 13.0 3000 3000 24.0 23.0 21.0 28.2 27.0 0 30 60 1 0 0 - 01 1 0 27.0 0 0",
    "QFLAG": "EaxyzDbjkuv",
    "QMCHGCR": "010 020 030 040 050 060",
    "QMUCHGCR": "010 020 030",
}
# HS/MS 5 kVA (2014): the first 17 fields of QPIGS as its document has them.
HS_5K: Mapping[str, str] = {
    "QPI": "PI30",
    "QID": "92931401100003",
    "QVFW": "VERFW:00052.30",
    "QVFW2": "VERFW2:00000.00",
    "QPIGS": "000.0 00.0 230.0 49.9 0161 0119 003 460 57.50 012 100 0069 0014 103.8 57.45 00000 00110110",
    "QMOD": "B",
    "QPIWS": "00000100000000000000000000000000",
    "QPIRI": KS_5K["QPIRI"],
    "QFLAG": "EakxyDbjuvz",
    "QDI": "230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 0 54.0 0 1",
    "QMCHGCR": "010 020 030 040 050",
    "QMUCHGCR": "002 010 020 030",
    "QBOOT": "1",
    "QOPM": "00",
    "Q1": "00 00 00 000 026 021 026 00 00 000 0030 0000 13",
}
# PIP-4048MST, three trackers. QPIGS2, QP2GS0 and the 38 flags composed after its document.
MST: Mapping[str, str] = {
    **KS_5K,
    "QID": "92931807100004",
    "QPIGS2": "12.4 101.5 57.40 00712 11000000 0000 0000 08.1 099.7 57.40 00465 02033",
    "QPIWS": "00000100000000000000000000000000000000",
    "QP2GS0": "1 00856 101.5 12 00712 099.7 08 00465 11110000",
    "QMSCHGCR": "010 020 030 040 050 060 070 080",
    "QCST": "00",
    "QCVT": "255",
    "QPIRI": "230.0 21.7 230.0 50.0 21.7 5000 4000 48.0 46.0 42.0 58.4 58.0 2 10 010 1 0 0 6 20 0 0 54.0 0 1",
}
# SOROTEC Revo: QPIGS of a unit with fields 12 and 15 of its own meaning, QALL in the form of a capture.
REVO: Mapping[str, str] = {
    "QPI": "PI30",
    "QPIGS": "221.0 49.9 221.0 49.9 0815 0707 012 401 52.10 012 086 0026 1210 231.0 52.10 04210 00010000"
    " 00 00 00000 010",
    "QMOD": "L",
    "QPIRI": "230.0 21.7 230.0 50.0 21.7 5000 5000 48.0 44.0 42.0 56.0 54.0 2 30 00 0 1 1 0 00 0 0 00.0 0 0",
    "QALL": "221 49.9 221 49.9 0707 012 52.1 086 012 000 231 05.2 1210 004210 001250 L 00 00",
    "QLITH0": "048.8 000.0 000.9 250 024 000 052.5 010.0 053.5 004.4 0 2",
}
# LV6048, two legs of 120 V: QPIRI of an LV5048 with 3 kW a leg; QPGS0 and QP2GS0 in the form of an LV5048's
# captures; QPIGS, QPIGS2, QPIWS and QDI composed after its document.
LV6048: Mapping[str, str] = {
    "QPI": "PI41",
    "QID": "92911906100045",
    "QVFW": "VERFW:00072.40",
    "QVFW2": "VERFW2:00000.00",
    "QGMN": "037",
    "QPIGS": "122.9 59.9 122.9 59.9 0331 0272 013 398 56.10 010 100 0041 0006 101.3 56.10 00000 10100010"
    " 00 00 00337 010",
    "QPIGS2": "124.2 59.9 124.2 59.9 0149 0130 005 04 098.7 56.1 10100010",
    "QMOD": "L",
    "QPIWS": "0" * 32,
    "QPIRI": "120.0 25.0 120.0 60.0 25.0 3000 3000 48.0 47.0 43.0 56.1 56.1 2 40 060 0 0 0 9 01 0 6 55.0 0 1"
    " 000",
    "QFLAG": "EakxyzDbjuv",
    "QDI": "120.0 60.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 6 54.0 0 1 000",
    "QMCHGCR": UP_TO_120,
    "QMUCHGCR": "002 010 020 030 040 050 060",
    "QBEQI": "0 060 030 060 030 58.40 000 120 0 0000",
    "QOPM": "06",
    "QPGS0": "1 92911906100045 L 00 122.9 59.90 122.9 59.90 0331 0272 013 56.1 010 100 101.3 010 00480 00402"
    " 008 10100010 6 0 060 220 40 06 000",
    "QP2GS0": "11 92911906100045 L 00 124.2 59.90 124.2 59.90 0149 0130 005 56.1 000 100 098.7 04 10100010",
}

MODELS: Mapping[str, Mapping[str, str]] = {
    "vm-iii": VM_III,
    "vm-iii-24v": VM_III_24V,
    "max-8k": MAX_8K,
    "ks-5k": KS_5K,
    "ks-3k": KS_3K,
    "hs-5k": HS_5K,
    "mst": MST,
    "revo": REVO,
    "lv6048": LV6048,
}
CURRENT_SETTERS: Mapping[str, tuple[str, ...]] = {
    "vm-iii": (r"MCHGC(\d{3})", r"MUCHGC(\d{3})"),
    "vm-iii-24v": (r"MNCHGC\d(\d{3})", r"MUCHGC(\d{3})"),
    "max-8k": (r"MNCHGC\d(\d{3})", r"MUCHGC0(\d{3})", r"MUCHGC0(\d\d)"),
    "ks-5k": (r"MCHGC(\d{3})", r"MUCHGC(\d{3})"),
    "ks-3k": (r"MCHGC(\d{3})", r"MUCHGC(\d{3})"),
    "hs-5k": (r"MCHGC0(\d\d)", r"MUCHGC0(\d\d)"),
    "mst": (r"MNCHGC\d(\d{3})", r"MUCHGC(\d{3})"),
    "lv6048": (r"MNCHGC\d(\d{3})", r"MUCHGC0(\d\d)"),
}
