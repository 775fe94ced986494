"""The course around the library: what is released, checked, graded, published and maintained.

Folders are rooms, floors from the top: ``commands`` call ``classroom``, ``student``,
``publishing`` and ``project``; these call ``judge``; the judge reads ``assignment`` and ``checks``;
all stand on ``inside``, ``files``, ``text``, ``checkout``, ``limits`` and ``errors``. Nothing
imports upwards, and the numeric library imports nothing of this.
"""
