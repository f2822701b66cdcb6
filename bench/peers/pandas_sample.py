"""What amlc data clean and sample do, in pandas: read, drop labels that are not answers, one row a question, balanced over entities.

    python pandas_sample.py train.csv.gz OUT.csv SIZE
"""

import sys

import pandas as pd

LENGTHS = "centimetre foot inch metre millimetre yard".split()
MASSES = "gram kilogram microgram milligram ounce pound ton".split()
VOLUMES = [
    *("centilitre", "cubic foot", "cubic inch", "cup", "decilitre", "fluid ounce", "gallon", "imperial gallon"),
    *("litre", "microlitre", "millilitre", "pint", "quart"),
]
UNITS = {
    **{"width": LENGTHS, "depth": LENGTHS, "height": LENGTHS},
    **{"item_weight": MASSES, "maximum_weight_recommendation": MASSES},
    **{"voltage": ["kilovolt", "millivolt", "volt"], "wattage": ["kilowatt", "watt"], "item_volume": VOLUMES},
}
ALLOWED = {(entity, unit) for entity, units in UNITS.items() for unit in units}

source, output, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = pd.read_csv(source)
official = rows.entity_value.str.match(r"^-?\d+(\.\d+)?\s+[a-zA-Z\s]+$")
unit = rows.entity_value.str.replace(r"^\S+\s+", "", regex=True)
allowed = pd.Series([pair in ALLOWED for pair in zip(rows.entity_name, unit)])
clean = rows[official & allowed].drop_duplicates(["image_link", "entity_name"])

quota, left = {}, size
available = clean.entity_name.value_counts().sort_values()
for i, (entity, count) in enumerate(available.items()):
    quota[entity] = min(count, left // (len(available) - i))
    left -= quota[entity]
drawn = [part.sample(quota[entity], random_state=0) for entity, part in clean.groupby("entity_name")]
pd.concat(drawn).to_csv(output, index=False)
