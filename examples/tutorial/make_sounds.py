"""Step 7: have espeak-ng speak the prompts of texts.yaml into sounds/shop/."""

import subprocess
from pathlib import Path

import yaml

for prompt, text in yaml.safe_load(Path("texts.yaml").read_text()).items():
    file = Path("sounds", f"{prompt}.wav")
    file.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["espeak-ng", "-w", file, text], check=True)
