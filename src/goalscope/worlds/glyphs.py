"""What objects look like: a shape in a picture, a mark in a terminal (no JAX)."""

from goalscope.worlds.text import (
    CHEESE,
    CHEESE_ON_DISH,
    CHEST,
    DISH,
    FLOOR,
    KEY,
    MOUSE,
    WALL,
)

_CHEESE = (
    '<path d="M-6 4L6 4L6 -1Q0 -6-6 -1Z" fill="#e0a100"/>'
    '<g fill="#fff3c4"><circle cx="-2.5" cy="1.6" r="1.2"/>'
    '<circle cx="2.6" cy="0" r="1.5"/></g>'
)
_DISH = '<ellipse cy="2" rx="8" ry="5" fill="none" stroke="#4a90c4" stroke-width="1.6"/>'
_MOUSE = (
    '<path d="M5 3Q10 5 7 -1" fill="none" stroke="#8a8f98" stroke-width="1.2"/>'
    '<g fill="#8a8f98"><circle cx="-4" cy="-4" r="2.6"/>'
    '<circle cx="1.5" cy="-4.5" r="2.6"/><ellipse cx="-.5" cy="1" rx="6" ry="4.8"/></g>'
    '<g fill="#fff"><circle cx="-3.4" r=".9"/><circle cx=".4" cy="-.2" r=".9"/></g>'
)
_KEY = (
    '<g fill="none" stroke="#c98a00" stroke-width="1.8"><circle cx="-3.5" r="3"/>'
    '<path d="M-.5 0H7M4 0V3M6.5 0V3"/></g>'
)
_CHEST = (
    '<path d="M-6.5 -1Q-6.5 -5.5 0 -5.5T6.5 -1V5.5H-6.5Z" fill="#a4673a"/>'
    '<path d="M-6.5 -.5H6.5" stroke="#5e3717" stroke-width="1.2"/>'
    '<circle cy="1" r="1.5" fill="#f0d080"/>'
)
SHAPES = {
    MOUSE: _MOUSE,
    CHEESE: _CHEESE,
    DISH: _DISH,
    CHEESE_ON_DISH: f'{_DISH}<g transform="translate(0-1)scale(.75)">{_CHEESE}</g>',
    KEY: _KEY,
    CHEST: _CHEST,
}
"""SVG of each object, around the origin of a cell of 20 x 20; others are drawn as text."""

MARKS = {
    WALL: ("██", "2"),
    FLOOR: ("· ", "2"),
    MOUSE: ("@ ", "1"),
    CHEESE: ("▲ ", "33"),
    DISH: ("○ ", "36"),
    CHEESE_ON_DISH: ("◉ ", "33"),
    KEY: ("k ", "33"),
    CHEST: ("■ ", "35"),
}
"""Two columns of a terminal for each character, and the code of their colour."""
